"""Where customers' data stands in the database, and how it is read out, erased and kept no longer than wanted."""
