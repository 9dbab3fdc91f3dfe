"""Networks that ship, as boards take them."""
