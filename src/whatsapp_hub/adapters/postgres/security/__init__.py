"""What is sealed at rest, across companies, and which key seals."""
