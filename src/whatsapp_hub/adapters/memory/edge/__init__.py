"""What callers need before a tenant is known: guesses, codes, tickets, rates."""
