"""The process: its forks, and its threads beside an event loop."""
