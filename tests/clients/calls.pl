# Calls $URL once with LWP and once with HTTP::Tiny, set up by the environment alone.
use strict;
use warnings;
use HTTP::Tiny;
use LWP::UserAgent;

print LWP::UserAgent->new(timeout => 20)->get("$ENV{URL}-lwp")->status_line, "\n";
my $tiny = HTTP::Tiny->new(verify_SSL => 1, timeout => 20)->get("$ENV{URL}-httptiny");
print $tiny->{status}, " ", $tiny->{status} == 599 ? $tiny->{content} : "", "\n";
