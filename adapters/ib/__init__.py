"""Interactive Brokers: the one room that knows a client library, behind `port.Broker`."""
