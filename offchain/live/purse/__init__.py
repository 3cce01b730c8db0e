"""What is done by hand: tokens given to those who are to join or taken out, an operator named."""
