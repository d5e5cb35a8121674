//! The integration tests: behaviour through the built binary and over real sockets, one file a subject.

mod certify;
mod crash;
mod demo;
mod ends;
mod fidelity;
mod gateway;
mod normal;
mod patterns;
mod proof;
mod raw;
mod record;
mod rooms;
mod rules;
mod sandbox;
mod show;
mod till;
mod till_six;
mod ways;
