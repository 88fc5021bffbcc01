// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <array>

#include "config/names.h"
#include "config/schema_parts.h"

namespace ikelb::config {
namespace {

constexpr std::string_view resize =
    "The restart stops traffic for a moment; tunnels live on as far as the new size holds them.";

constexpr std::string_view of_others =
    "None: packets of known SAs are not counted.";

constexpr std::string_view of_fragments =
    "A later fragment that comes before its first counts as well: too low a rate loses some.";

constexpr std::string_view of_pending =
    "Too low a rate leaves clients that roam to their old router, or to connect anew.";

constexpr std::string_view of_transit =
    "None. Idle conversations of the servers older than a shorter time end.";

constexpr std::string_view on_average = "How many are let through on average.";
constexpr std::string_view at_once = "How many are let through at once after a time without any.";
constexpr Range most_events{1, 10'000'000};

const std::array keys{
    Key{.path = "workers", .form = Form::map, .apply = restart,
        .purpose = "The threads of the fast path.",
        .effect = needs_restart},
    Key{.path = "workers.count", .form = Form::integer, .apply = restart, .range = {1, 64},
        .unit = "threads", .initial = "1",
        .purpose = "How many threads forward packets. Each polls one queue of every port and "
                   "keeps one CPU busy while there is traffic.",
        .effect = needs_restart},
    Key{.path = "workers.cpus", .form = Form::list_of_integers, .apply = restart,
        .range = {0, 64}, .initial = "[]", .example = "[1]",
        .purpose = "The CPU of each worker, as many as count; empty leaves it to the kernel.",
        .effect = needs_restart},
    Key{.path = "workers.idle", .form = Form::choice, .apply = restart, .initial = "sleep",
        .choices = choices_of<Idle>,
        .purpose = "What a worker does that finds no packet. sleep: it sleeps for a sixteenth of "
                   "the time that it has found none, 50 us to 1 ms, and leaves its CPU to "
                   "others; above some 250,000 packets a second it stays awake. poll: it never "
                   "sleeps, which saves a packet after a pause the wait and costs a whole CPU.",
        .effect = needs_restart},

    Key{.path = "dpdk", .form = Form::map, .apply = restart,
        .purpose = "What DPDK is started with.",
        .effect = needs_restart},
    Key{.path = "dpdk.memory", .form = Form::integer, .apply = restart,
        .range = {64, 1048576}, .unit = "MiB", .initial = "256",
        .purpose = "Memory for packet buffers where there are no huge pages.",
        .effect = needs_restart},
    Key{.path = "dpdk.huge_pages", .form = Form::choice, .apply = restart,
        .initial = "auto", .choices = choices_of<HugePages>,
        .purpose = "Huge pages save TLB misses and are what NICs without an IOMMU need. auto: "
                   "use them if there are any. on: refuse to start without. off: ordinary memory.",
        .effect = needs_restart},
    Key{.path = "dpdk.eal_args", .form = Form::list_of_text, .apply = restart,
        .range = {0, 64}, .initial = "[]", .example = "[\"--log-level=lib.eal:debug\"]",
        .purpose = "Further arguments of DPDK's EAL, appended as they are.",
        .effect = needs_restart},

    Key{.path = "limits", .form = Form::map, .apply = restart,
        .purpose = "Table sizes, each a power of two: of flows, bindings, esp_spis and transit for "
                   "IPv4 and again for IPv6, of the others for both together. IPv6's own memory is "
                   "taken as it is used, all other at start.",
        .effect = resize},
    Key{.path = "limits.flows", .form = Form::integer, .apply = restart,
        .range = {1024, 1 << 27}, .unit = "records", .initial = "262144",
        .purpose = "Flows: a client's address and port on a VIP's port, about one a tunnel.",
        .effect = resize},
    Key{.path = "limits.bindings", .form = Form::integer, .apply = restart,
        .range = {1024, 1 << 27}, .unit = "records", .initial = "262144",
        .purpose = "Client bindings: a client's address on a service.",
        .effect = resize},
    Key{.path = "limits.pairs", .form = Form::integer, .apply = restart,
        .range = {1024, 1 << 27}, .unit = "records", .initial = "262144",
        .purpose = "IKE SAs, each known by its pair of SPIs; at a rekey a tunnel has two.",
        .effect = resize},
    Key{.path = "limits.esp_spis", .form = Form::integer, .apply = restart,
        .range = {1024, 1 << 27}, .unit = "records", .initial = "262144",
        .purpose = "ESP SPIs that clients use, about two a tunnel: they keep a tunnel whose client "
                   "comes back from another address.",
        .effect = resize},
    Key{.path = "limits.half_open", .form = Form::integer, .apply = restart,
        .range = {1024, 1 << 24}, .unit = "records", .initial = "65536",
        .purpose = "Exchanges that no server has answered yet; and a quarter as many and 1,024 "
                   "each of requests on their way, ESP SPIs that no server has claimed yet, logins "
                   "before their first ESP, and places where several servers stand. When full, the "
                   "oldest of its kind goes; a flood can't push out a tunnel.",
        .effect = resize},
    Key{.path = "limits.fragments", .form = Form::integer, .apply = restart,
        .range = {64, 1 << 20}, .unit = "records", .initial = "4096",
        .purpose = "Fragmented datagrams on their way at the same time.",
        .effect = resize},
    Key{.path = "limits.transit", .form = Form::integer, .apply = restart,
        .range = {1024, 1 << 27}, .unit = "records", .initial = "262144",
        .purpose = "Routed conversations that began on the servers' side and whose answers may "
                   "come in: a quarter for those of backends, a quarter for inside_prefixes, where "
                   "the tunnels' clients are, half for all others. What finds no room is "
                   "forwarded all the same, but gets no answer.",
        .effect = resize},

    Key{.path = "timeouts", .form = Form::map,
        .purpose = "How long a record lives after the last packet that refreshes it.",
        .effect = "Counts for records at their next check; a shorter time may end idle tunnels."},
    Key{.path = "timeouts.flow", .form = Form::duration, .range = {30 * second, 48 * hour},
        .initial = "45m",
        .purpose = "Flows and client bindings. Longer than the servers' idle time-out (5 min on "
                   "RRAS) and network outage time (30 min), or idle tunnels break.",
        .effect = "Idle tunnels older than a shorter time end."},
    Key{.path = "timeouts.half_open", .form = Form::duration, .range = {second, 10 * minute},
        .initial = "30s",
        .purpose = "A request without answer: as long as clients repeat it.",
        .effect = no_effect},
    Key{.path = "timeouts.half_open_answered", .form = Form::duration,
        .range = {second, 10 * minute}, .initial = "75s",
        .purpose = "An exchange whose first request a server has answered: users may be asked for "
                   "a password before the second one. At least half_open and at most answered, "
                   "whatever is written.",
        .effect = "Logins that pause for longer than a shorter time may begin at one server and "
                  "go on at another, if the pool changes meanwhile."},
    Key{.path = "timeouts.answered", .form = Form::duration, .range = {second, hour},
        .initial = "5m",
        .purpose = "An SA that is answered but not yet authenticated: a login with a second "
                   "factor takes minutes.",
        .effect = "Logins under way that take longer than a shorter time fail."},
    Key{.path = "timeouts.pair", .form = Form::duration, .range = {minute, 30 * 24 * hour},
        .initial = "24h",
        .purpose = "An established IKE SA without IKE traffic. Longer than the time between "
                   "its rekeys.",
        .effect = "A roaming client idle for longer than a shorter time may have to connect anew."},
    Key{.path = "timeouts.pending", .form = Form::duration, .range = {second, minute},
        .initial = "10s",
        .purpose = "A request that came by another router than usual, or whose IKE SA nobody "
                   "knows, waits so long for the server's answer or for its repetition.",
        .effect = "With a time shorter than the servers take to answer, clients are answered by "
                  "their old router. One shorter than clients take to repeat a request turns "
                  "ask_all_per_second off."},
    Key{.path = "timeouts.fragment", .form = Form::duration, .range = {100, minute},
        .initial = "5s",
        .purpose = "How long to wait for the rest of a fragmented datagram.",
        .effect = no_effect},
    Key{.path = "timeouts.delete_hint", .form = Form::duration, .range = {second, hour},
        .initial = "3m",
        .purpose = "What is left to a record after a delete was seen: only a hint, as anybody "
                   "could have sent it.",
        .effect = no_effect},
    Key{.path = "timeouts.transit_tcp", .form = Form::duration, .range = {minute, 48 * hour},
        .initial = "124m",
        .purpose = "A TCP connection of transit that was answered, without a packet. RFC 5382 "
                   "asks for 2 h 4 min: keep-alives come every 2 h.",
        .effect = of_transit},
    Key{.path = "timeouts.transit_tcp_opening", .form = Form::duration, .range = {second, hour},
        .initial = "4m",
        .purpose = "One that was not answered yet, or that FIN or RST has ended.",
        .effect = of_transit},
    Key{.path = "timeouts.transit_udp", .form = Form::duration, .range = {second, 24 * hour},
        .initial = "5m",
        .purpose = "A UDP conversation of transit without a packet (RFC 4787: at least 2 min, "
                   "better 5).",
        .effect = of_transit},
    Key{.path = "timeouts.transit_icmp", .form = Form::duration, .range = {second, hour},
        .initial = "1m",
        .purpose = "A ping of transit (RFC 5508: at least 1 min).",
        .effect = of_transit},
    Key{.path = "timeouts.transit_other", .form = Form::duration, .range = {second, 24 * hour},
        .initial = "10m",
        .purpose = "Transit of any other protocol, such as GRE, between two addresses.",
        .effect = of_transit},
    Key{.path = "timeouts.transit_grace", .form = Form::duration, .range = {0, hour},
        .initial = "1m",
        .purpose = "After a start, or when an address moves to the servers' side of this node "
                   "(VRRP), TCP without SYN passes to the servers' side for so long: connections "
                   "that the node before this one knew are learned anew. 0s: none.",
        .effect = no_effect},

    Key{.path = "abuse", .form = Form::map,
        .purpose = "What strangers may do: nothing that begins an SA is authenticated. Values "
                   "are for all workers together, and divided among them where a key does not "
                   "say otherwise.",
        .effect = of_others},
    Key{.path = "abuse.requests_per_source", .form = Form::map,
        .purpose = "IKE requests without a responder's SPI, which begin SAs, of one "
                   "source: an IPv4 address, an IPv6 /64. Many clients may stand behind "
                   "one address, hence the large burst: it lets an office of them connect "
                   "at once. Not divided: a source's packets reach one worker where ports "
                   "spread by address (ikelbctl status), else as many as its ports lead "
                   "to. The rest is dropped as source_limited.",
        .effect = of_others},
    Key{.path = "abuse.requests_per_source.per_second", .form = Form::integer,
        .range = most_events, .unit = "a second", .initial = "200", .purpose = on_average,
        .effect = of_others},
    Key{.path = "abuse.requests_per_source.burst", .form = Form::integer,
        .range = most_events, .unit = "at once", .initial = "2000", .purpose = at_once,
        .effect = of_others},
    Key{.path = "abuse.requests_per_backend", .form = Form::map,
        .purpose = "The same requests towards one backend: more than it can answer do "
                   "nobody any good. The second half of the burst is kept for those that "
                   "bring a COOKIE. The rest is dropped as backend_limited.",
        .effect = of_others},
    Key{.path = "abuse.requests_per_backend.per_second", .form = Form::integer,
        .range = most_events, .unit = "a second", .initial = "2000", .purpose = on_average,
        .effect = of_others},
    Key{.path = "abuse.requests_per_backend.burst", .form = Form::integer,
        .range = most_events, .unit = "at once", .initial = "4000", .purpose = at_once,
        .effect = of_others},
    Key{.path = "abuse.logins_per_source", .form = Form::map,
        .purpose = "Answered logins of one source that are recorded before they are "
                   "sessions: anybody can be answered that a login has failed. Not "
                   "divided, as requests_per_source.",
        .effect = of_others},
    Key{.path = "abuse.logins_per_source.per_second", .form = Form::integer,
        .range = most_events, .unit = "a second", .initial = "10", .purpose = on_average,
        .effect = of_others},
    Key{.path = "abuse.logins_per_source.burst", .form = Form::integer,
        .range = most_events, .unit = "at once", .initial = "2000", .purpose = at_once,
        .effect = of_others},
    Key{.path = "abuse.unknown_pairs_per_backend", .form = Form::map,
        .purpose = "Packets of IKE SAs that nobody knows, to a backend that neither the "
                   "client's binding nor the hash agrees with: servers stay silent on "
                   "them. The rest is dropped as unknown_pair_limited.",
        .effect = of_others},
    Key{.path = "abuse.unknown_pairs_per_backend.per_second", .form = Form::integer,
        .range = most_events, .unit = "a second", .initial = "100", .purpose = on_average,
        .effect = of_others},
    Key{.path = "abuse.unknown_pairs_per_backend.burst", .form = Form::integer,
        .range = most_events, .unit = "at once", .initial = "200", .purpose = at_once,
        .effect = of_others},
    Key{.path = "abuse.opened_by_backends", .form = Form::map,
        .purpose = "Flows recorded because a server begins an SA itself (site to site), so "
                   "that the answer gets back to it.",
        .effect = of_others},
    Key{.path = "abuse.opened_by_backends.per_second", .form = Form::integer,
        .range = most_events, .unit = "a second", .initial = "200", .purpose = on_average,
        .effect = of_others},
    Key{.path = "abuse.opened_by_backends.burst", .form = Form::integer,
        .range = most_events, .unit = "at once", .initial = "200", .purpose = at_once,
        .effect = of_others},
    Key{.path = "abuse.half_open_inserts", .form = Form::map,
        .purpose = "Choices of schedulers other than maglev, which have to be remembered. "
                   "What is above goes by the hash, which needs no memory.",
        .effect = of_others},
    Key{.path = "abuse.half_open_inserts.per_second", .form = Form::integer,
        .range = most_events, .unit = "a second", .initial = "8000", .purpose = on_average,
        .effect = of_others},
    Key{.path = "abuse.half_open_inserts.burst", .form = Form::integer,
        .range = most_events, .unit = "at once", .initial = "16000", .purpose = at_once,
        .effect = of_others},
    Key{.path = "abuse.fragments_per_source", .form = Form::map,
        .purpose = "Datagrams of one source on the clients' side that arrive in fragments: "
                   "each is remembered for a moment. Known SAs, and backends, are not counted. "
                   "Not divided, as requests_per_source. The rest is dropped as fragment_limited.",
        .effect = of_fragments},
    Key{.path = "abuse.fragments_per_source.per_second", .form = Form::integer,
        .range = most_events, .unit = "a second", .initial = "2000", .purpose = on_average,
        .effect = of_fragments},
    Key{.path = "abuse.fragments_per_source.burst", .form = Form::integer,
        .range = most_events, .unit = "at once", .initial = "2000", .purpose = at_once,
        .effect = of_fragments},
    Key{.path = "abuse.pending_per_source", .form = Form::map,
        .purpose = "Requests of one source that are remembered because their answer may change "
                   "its way back, or because nobody knows their IKE SA. Not divided, as "
                   "requests_per_source. The rest is forwarded all the same.",
        .effect = of_pending},
    Key{.path = "abuse.pending_per_source.per_second", .form = Form::integer,
        .range = most_events, .unit = "a second", .initial = "100", .purpose = on_average,
        .effect = of_pending},
    Key{.path = "abuse.pending_per_source.burst", .form = Form::integer,
        .range = most_events, .unit = "at once", .initial = "500", .purpose = at_once,
        .effect = of_pending},

    Key{.path = "state", .form = Form::map, .apply = restart, .choices = none_alone,
        .purpose = "The file that brings tunnels through a restart or a crash of ikelb; the word "
                   "none turns it off, and the last good configuration with it, which a start "
                   "with a broken file falls back to.",
        .effect = "With none, the next restart loses every client that the hash alone would send "
                  "elsewhere."},
    Key{.path = "state.file", .form = Form::text, .apply = restart,
        .example = "/var/lib/ikelb/state",
        .purpose = "Its absolute path. Without it, the file state in the directory that systemd "
                   "gives to the service (STATE_DIRECTORY), else /var/lib/ikelb/state. It tells "
                   "who is connected to what: only root can read it.",
        .effect = "The restart finds no tunnels in a new file; move the old one there meanwhile."},
    Key{.path = "state.interval", .form = Form::duration, .range = {second, hour},
        .initial = "10s",
        .purpose = "How often it is saved, besides on every stop. A crash loses what was learned "
                   "since; most of that is learned again from the servers' next packets.",
        .effect = no_effect},

    Key{.path = "admin", .form = Form::map, .apply = restart,
        .purpose = "The admin API, which ikelbctl talks to.",
        .effect = no_effect},
    Key{.path = "admin.socket", .form = Form::text, .apply = restart,
        .initial = "/run/ikelb/admin.sock",
        .purpose = "Path of the UNIX socket, absolute, at most 107 bytes.",
        .effect = no_effect},

    Key{.path = "metrics", .form = Form::map, .apply = restart, .choices = none_alone,
        .purpose = "The metrics server for Prometheus; the word none turns it off.",
        .effect = no_effect},
    Key{.path = "metrics.listen", .form = Form::endpoint, .apply = restart,
        .initial = "127.0.0.1:9465",
        .purpose = "Where it listens. It asks for no password: keep it off the clients' side. IPv6 "
                   "([::1]:9465) needs a libcivetweb built with it; Debian 12's is not.",
        .effect = no_effect},

    Key{.path = "log", .form = Form::map, .purpose = "Messages on standard error.",
        .effect = no_effect},
    Key{.path = "log.level", .form = Form::choice, .initial = "info",
        .choices = choices_of<LogLevel>,
        .purpose = "The least important level that is written. Nothing is logged per packet.",
        .effect = no_effect},

    Key{.path = "maglev_table_size", .form = Form::integer, .range = {251, 1048573},
        .unit = "entries, a prime", .initial = "65537",
        .purpose = "Size of the hash table of each service, whatever its scheduler: the others "
                   "fall back on it. About 100 times the backends of a pool keeps the shares "
                   "within 1 %. The same size on two nodes does not make them agree: each draws "
                   "the key of its hash by itself.",
        .effect = "Recorded clients stay; most others are spread anew."},
};

}  // namespace

std::span<const Key> system_keys() noexcept { return keys; }

}  // namespace ikelb::config
