"""What a program of the site proves of each page, in a panel beside it."""
