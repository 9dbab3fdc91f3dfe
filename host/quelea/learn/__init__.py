"""Agents that learn: tables on the board, policies trained here, fleets that train together."""
