//! The simulated backend: the PoS API v10 with its state machines and simulated customers.
