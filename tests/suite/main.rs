//! The integration tests: behaviour through the built binary and over real sockets, one file a subject.

mod bad_input;
mod canaries;
mod certify;
mod clients;
mod crash;
mod demo;
mod ends;
mod fidelity;
mod gateway;
mod kills;
mod normal;
mod patterns;
mod portraits;
mod program;
mod proof;
mod raw;
mod readings;
mod record;
mod rooms;
mod rules;
mod sandbox;
mod show;
mod till;
mod till_six;
mod truth;
mod ways;
