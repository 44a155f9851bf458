-- What a message writes into the searches' indexes waits in a list until it is full; then whoever writes next files all of
-- it. A list of 4 MB was 40 ms of work for one message; of 128 kB it is a thirtieth of that, for more of them, and a
-- search reads less that is not filed yet.
ALTER INDEX conversations_searched_live SET (gin_pending_list_limit = 128);
ALTER INDEX conversations_searched_closed SET (gin_pending_list_limit = 128);
ALTER INDEX messages_found SET (gin_pending_list_limit = 128);
