"""What a board starts: everything is in quelea_agent."""

from quelea_agent.port.run import main

main()
