"""The live path proven whole: the real engine, the real client library, the simulated gateway."""
