"""What a board starts: everything is in quelea_agent, start.py where updates come over the air."""

try:
    from start import start as main
except ImportError:
    from quelea_agent.port.run import main

main()
