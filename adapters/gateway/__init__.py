"""A simulated Interactive Brokers gateway: the real protocol, a replayed market, faults at will."""
