"""What a company does with its contacts: name, label and block them, merge and split them, import and export them."""
