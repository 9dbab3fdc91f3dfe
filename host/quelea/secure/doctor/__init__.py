"""`quelea doctor`: what is wrong here, at the broker and in the fleet, each with its remedy."""
