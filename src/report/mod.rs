//! A verdict as text and JSON: verdict in, bytes out.
