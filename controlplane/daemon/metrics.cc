// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/metrics.h"

#include <functional>
#include <type_traits>

#include "controlplane/daemon/build_info.h"

namespace ikelb::daemon {
namespace {

using forwarding::Mode;
using pipeline::Counter, pipeline::Counters, pipeline::IkeCounters, pipeline::MemberCounters;
using pipeline::Disposition, pipeline::rule_infos, pipeline::verdict_infos;
using worker::WorkerStats;

constexpr std::array modes{Mode::enabled, Mode::drain_keep, Mode::drain_refuse, Mode::disabled};

double seconds(std::chrono::duration<double> time) {
    return time.count();
}
double seconds(std::chrono::system_clock::time_point time) {
    return seconds(time.time_since_epoch());
}
template <class Time>
std::optional<double> seconds(const std::optional<Time>& time) {
    return time ? std::optional{seconds(*time)} : std::nullopt;
}

template <class Visit>
void each_worker(const View& view, Visit visit) {
    for (const View::Worker& worker : view.workers) visit(std::to_string(worker.id), worker);
}

/// Read: a counter of a worker, or a function of the worker.
template <auto Read>
void of_workers(const View& view, Samples& out) {
    each_worker(view, [&out](const std::string& id, const View::Worker& worker) {
        if constexpr (std::is_invocable_v<decltype(Read), const Counters&>)
            out.add({id}, std::invoke(Read, worker.stats.pipeline).read());
        else if constexpr (std::is_invocable_v<decltype(Read), const WorkerStats&>)
            out.add({id}, std::invoke(Read, worker.stats).read());
        else
            out.add({id}, Read(worker));
    });
}

template <auto Field>
void of_members(const View& view, Samples& out) {
    for (const View::Member& member : view.members)
        out.add({member.service, member.backend}, view.sum(member, Field));
}

template <auto ToServer, auto ToClient>
void of_directions(const View& view, Samples& out) {
    for (const View::Member& member : view.members) {
        out.add({member.service, member.backend, "to_server"}, view.sum(member, ToServer));
        out.add({member.service, member.backend, "to_client"}, view.sum(member, ToClient));
    }
}

template <class Visit>
void each_backend(const View& view, Visit visit) {
    for (const config::Pool& pool : view.config.pools)
        for (const config::Backend& backend : pool.backends) visit(pool, backend);
}

/// At each of the backend's own addresses; Read gets nullptr for an unchecked address.
template <auto Read>
void of_health(const View& view, Samples& out) {
    each_backend(view, [&](const config::Pool& pool, const config::Backend& backend) {
        for (const health::IpFamily family : {health::IpFamily::v4, health::IpFamily::v6})
            if (backend.own_address(family == health::IpFamily::v4) != nullptr)
                out.add({pool.name, backend.name, family == health::IpFamily::v4 ? "ipv4" : "ipv6"},
                        Read(view.health(backend.name, family)));
    });
}

template <auto Array>
void of_punts(const View& view, Samples& out) {
    constexpr std::string_view prefix = "punt_";
    for (std::size_t i = 0; i < pipeline::verdict_count; ++i)
        if (verdict_infos[i].fate == Disposition::punt)
            out.add({verdict_infos[i].name.substr(prefix.size())},
                    view.sum([i](const Counters& counters) -> const Counter& {
                        return (counters.*Array)[i];
                    }));
}

template <auto Field>
void of_tables(const View& view, Samples& out) {
    for (const TableFill& one : table_fills(view.session_counter, view.sessions))
        out.add({one.table}, one.*Field);
}

template <auto Read>
void of_daemon(const View& view, Samples& out) {
    out.add({}, Read(view));
}

using Reader = void (*)(const View&, Samples&);

constexpr Metric gauge(std::string_view name, std::string_view unit, std::string_view labels,
                       std::string_view help, Reader read) {
    return {name, prometheus::MetricType::Gauge, unit, labels, help, read};
}
constexpr Metric counter(std::string_view name, std::string_view unit, std::string_view labels,
                         std::string_view help, Reader read) {
    return {name, prometheus::MetricType::Counter, unit, labels, help, read};
}

constexpr std::array rows{
    gauge("ikelb_build_info", "1", "version dpdk_version",
          "Always 1; the labels tell the versions of ikelb and of DPDK",
          [](const View&, Samples& out) {
              out.add({build_version, build_dpdk}, 1);
          }),
    gauge("ikelb_start_time_seconds", "seconds since 1970", "", "When the daemon was started",
          of_daemon<[](const View& view) { return seconds(view.started_at); }>),

    gauge("ikelb_service_served", "0 or 1", "service",
          "Whether the VIP of the service is being served",
          [](const View& view, Samples& out) {
              for (const config::Service& service : view.config.services)
                  out.add({service.name}, view.is_served(service));
          }),

    counter("ikelb_backend_packets_total", "packets", "service backend direction",
            "Packets forwarded between a service and a backend; direction is to_server or "
            "to_client",
            of_directions<&MemberCounters::packets_to_server, &MemberCounters::packets_to_client>),
    counter("ikelb_backend_bytes_total", "bytes", "service backend direction",
            "Bytes of IP packets forwarded between a service and a backend; direction is "
            "to_server or to_client",
            of_directions<&MemberCounters::bytes_to_server, &MemberCounters::bytes_to_client>),
    gauge("ikelb_backend_flows", "flows", "service backend",
          "Flows (client address, client port, VIP port) recorded on a backend",
          of_members<&SessionCounts::Member::flows>),
    gauge("ikelb_backend_sas", "SAs", "service backend",
          "Tunnels on a backend, by their flows to port 4500 where it has spoken",
          of_members<&SessionCounts::Member::sas>),
    gauge("ikelb_backend_ike_sas", "SAs", "service backend state",
          "IKE SAs recorded on a backend, by their pairs of SPIs; state is half_open "
          "(IKE_SA_INIT answered), answered (login under way) or established; a tunnel "
          "has two while it rekeys",
          [](const View& view, Samples& out) {
              for (const View::Member& member : view.members) {
                  out.add({member.service, member.backend, "half_open"},
                          member.counted.pairs_half_open);
                  out.add({member.service, member.backend, "answered"},
                          member.counted.pairs_answered);
                  out.add({member.service, member.backend, "established"},
                          member.counted.pairs_established);
              }
          }),
    counter("ikelb_backend_ike_requests_total", "datagrams", "service backend",
            "IKE requests of clients forwarded to a backend, repeated ones included; "
            "those without an answer are the only sign that requests went to the wrong "
            "server, since it stays silent",
            of_members<&IkeCounters::requests>),
    counter("ikelb_backend_ike_answers_total", "datagrams", "service backend",
            "IKE answers of a backend to clients", of_members<&IkeCounters::answers>),

    gauge("ikelb_backend_up", "0 or 1", "pool backend family",
          "Whether the health check finds the backend up at its address of the family, "
          "ipv4 or ipv6; 1 without a health check",
          of_health<[](const health::BackendState* state) {
              return state && state->health == health::Health::up;
          }>),
    gauge("ikelb_backend_checking", "0 or 1", "pool backend family",
          "Whether no probe has decided yet if the backend is up or down",
          of_health<[](const health::BackendState* state) {
              return state && state->health == health::Health::checking;
          }>),
    gauge("ikelb_backend_mode", "0 or 1", "pool backend mode",
          "1 for the mode the backend is in: enabled, drain_keep, drain_refuse or "
          "disabled; 0 for the others",
          [](const View& view, Samples& out) {
              each_backend(view, [&](const auto& pool, const auto& backend) {
                  for (const Mode mode : modes)
                      out.add({pool.name, backend.name, table::to_string(mode)},
                              view.modes.mode(backend.name) == mode);
              });
          }),
    gauge("ikelb_backend_weight", "1", "pool backend", "Configured weight; 0 gets no new clients",
          [](const View& view, Samples& out) {
              each_backend(view, [&](const auto& pool, const auto& backend) {
                  out.add({pool.name, backend.name}, backend.weight);
              });
          }),
    gauge("ikelb_backend_probe_rtt_seconds", "seconds", "pool backend family",
          "Round-trip time of the last answered probe; absent before the first answer",
          of_health<[](const health::BackendState* state) {
              return state ? seconds(state->last_rtt) : std::nullopt;
          }>),
    counter("ikelb_backend_health_transitions_total", "changes", "pool backend family",
            "Changes of health between checking, up and down",
            of_health<[](const health::BackendState* state) {
                return state ? state->transitions : 0;
            }>),

    counter("ikelb_worker_busy_seconds_total", "seconds", "worker",
            "Time the worker spent on bursts that held packets",
            of_workers<[](const View::Worker& worker) {
                return seconds(std::chrono::microseconds{worker.stats.busy_micros.read()});
            }>),
    gauge("ikelb_worker_busy_ratio", "0 to 1", "worker",
          "Share of the last second that the worker spent on bursts that held packets",
          of_workers<[](const View::Worker& worker) { return worker.busy_share; }>),
    counter("ikelb_worker_bursts_total", "bursts", "worker", "Bursts that held packets",
            of_workers<&WorkerStats::bursts>),
    counter("ikelb_worker_packets_total", "packets", "worker", "Packets received",
            of_workers<&WorkerStats::packets>),
    counter("ikelb_dropped_packets_total", "packets", "worker reason",
            "Packets dropped, by the reason's name",
            [](const View& view, Samples& out) {
                each_worker(view, [&](const std::string& id, const View::Worker& worker) {
                    for (std::size_t i = 0; i < pipeline::verdict_count; ++i)
                        if (verdict_infos[i].fate == Disposition::drop)
                            out.add({id, verdict_infos[i].name},
                                    worker.stats.pipeline.verdicts[i].read());
                });
            }),

    counter("ikelb_steered_datagrams_total", "datagrams", "worker rule",
            "Client datagrams by the rule that named their backend, but for "
            "backend_limited; see ikelbctl explain",
            [](const View& view, Samples& out) {
                each_worker(view, [&](const std::string& id, const View::Worker& worker) {
                    for (std::size_t i = 0; i < pipeline::rule_count; ++i)
                        out.add({id, rule_infos[i].name}, worker.stats.pipeline.steered[i].read());
                });
            }),
    counter("ikelb_scheduler_spread_total", "SAs", "worker",
            "New SAs, of services with affinity: sa, placed elsewhere than their "
            "client's address alone would be; retries count again",
            of_workers<&Counters::spread>),
    counter("ikelb_ike_asked_all_total", "requests", "worker",
            "Repeated IKE requests of unknown SAs of which every backend got a copy that "
            "is up, or down and keeps its tunnels (on_down: keep)",
            of_workers<&Counters::asked_all>),
    counter("ikelb_copied_datagrams_total", "datagrams", "worker",
            "Copies of client datagrams to further backends: of IKE requests that all "
            "get, and of ESP whose backend is not certain",
            of_workers<&Counters::copies>),
    counter("ikelb_scheduler_fallbacks_total", "choices", "worker",
            "Choices left to the hash because the table of half-open exchanges is "
            "crowded or fills too fast",
            of_workers<&Counters::scheduler_fallbacks>),

    counter("ikelb_flows_committed_total", "flows", "worker",
            "Flows recorded for the first time; a backend had answered or spoken",
            of_workers<&Counters::flows_committed>),
    counter("ikelb_flows_moved_total", "flows", "worker",
            "Flows recorded on another backend than before", of_workers<&Counters::flows_moved>),
    counter("ikelb_pending_limited_total", "requests", "worker",
            "Requests of roaming clients that were forwarded but not remembered: over "
            "the rate of their source",
            of_workers<&Counters::pending_limited>),
    counter("ikelb_pairs_learned_total", "SPI pairs", "worker",
            "IKE SPI pairs recorded for the first time", of_workers<&Counters::pairs_learned>),
    counter("ikelb_udp6_without_checksum_total", "packets", "worker",
            "Service datagrams forwarded over IPv6 with a UDP checksum of zero",
            of_workers<&Counters::udp6_without_checksum>),
    counter("ikelb_esp_spis_learned_total", "SPIs", "worker",
            "ESP SPIs of clients recorded for the first time", of_workers<&Counters::spis_learned>),
    counter("ikelb_esp_spi_collisions_total", "packets", "worker",
            "ESP packets whose SPI several backends claim and nothing else was known of",
            of_workers<&Counters::spi_collisions>),
    counter("ikelb_directory_deferred_writes_total", "writes", "worker reason",
            "Records not written and left to a later packet; reason is busy (another "
            "worker held the place) or full (no room)",
            [](const View& view, Samples& out) {
                each_worker(view, [&](const std::string& id, const View::Worker& worker) {
                    out.add({id, "busy"}, worker.stats.pipeline.sessions_busy.read());
                    out.add({id, "full"}, worker.stats.pipeline.sessions_full.read());
                });
            }),

    gauge("ikelb_port_up", "0 or 1", "port",
          "Whether the port's link is up; on a kernel device, whether that has carrier",
          [](const View& view, Samples& out) {
              for (const View::PortRef& port : view.ports)
                  out.add({port.seen.name}, port.seen.is_up);
          }),
    counter(
        "ikelb_port_lost_frames_total", "frames", "port reason",
        "Frames lost below the workers; reason is missed, receive_errors, no_buffer or "
        "transmit_errors (counted by the driver), ring_full, transmit_refused or buffers_refused "
        "(by the kernel's sockets of net_af_xdp and net_af_packet; the last are buffers, not "
        "frames), or device_* (by the kernel's device below those; some devices count ring_full "
        "again)",
        [](const View& view, Samples& out) {
            for (const View::PortRef& port : view.ports)
                for (std::size_t i = 0; i < port.seen.lost.size(); ++i)
                    out.add({port.seen.name, port_losses()[i].name}, port.seen.lost[i]);
        }),
    counter(
        "ikelb_port_xstats_total", "as the driver counts", "port name",
        "The driver's own counters (DPDK's xstats) that are of losses by their names: error, drop, "
        "discard, miss, crc and the like; at most 128 for a port. Some are parts of others, or of "
        "ikelb_port_lost_frames_total",
        [](const View& view, Samples& out) {
            for (const View::PortRef& port : view.ports)
                for (const auto& [name, count] : port.seen.xstats)
                    out.add({port.seen.name, name}, count);
        }),

    counter("ikelb_punted_packets_total", "packets", "class",
            "Packets handed to the kernel, by class", of_punts<&Counters::verdicts>),
    counter("ikelb_punt_limited_packets_total", "packets", "class",
            "Packets for the kernel that the rate limit of their class dropped",
            of_punts<&Counters::punts_limited>),

    counter("ikelb_kernel_frames_total", "frames", "interface direction",
            "Frames between the workers and the kernel's interface; direction is "
            "to_kernel (taken by the kernel) or from_kernel (sent by it)",
            [](const View& view, Samples& out) {
                for (const View::TapRef& tap : view.taps) {
                    out.add({tap.facts.name, "to_kernel"}, tap.counters.sent);
                    out.add({tap.facts.name, "from_kernel"}, tap.counters.received);
                }
            }),
    counter(
        "ikelb_kernel_lost_frames_total", "frames", "interface reason",
        "Frames lost there; reason is send_full (the kernel's queue was full), send_down (the "
        "interface is down), send_refused (by the kernel, for another reason), receive_truncated "
        "(larger than the buffer) or no_room (sent by the kernel: no buffer, or the worker's "
        "queue was full)",
        [](const View& view, Samples& out) {
            for (const View::TapRef& tap : view.taps) {
                out.add({tap.facts.name, "send_full"}, tap.counters.send_full);
                out.add({tap.facts.name, "send_down"}, tap.counters.send_down);
                out.add({tap.facts.name, "send_refused"}, tap.counters.send_refused);
                out.add({tap.facts.name, "receive_truncated"}, tap.counters.receive_truncated);
                out.add({tap.facts.name, "no_room"}, tap.no_room);
            }
        }),
    counter("ikelb_netlink_overruns_total", "times", "",
            "Times the kernel's events came faster than they were read; everything was "
            "read anew after each",
            of_daemon<[](const View& view) { return view.netlink_overruns; }>),

    gauge("ikelb_table_entries", "records", "table", "Records in a table",
          of_tables<&TableFill::used>),
    gauge("ikelb_table_capacity_entries", "records", "table",
          "Slots of a table: a third more than limits says, and a share for what no "
          "server has confirmed yet",
          of_tables<&TableFill::capacity>),

    counter("ikelb_transit_grace_packets_total", "packets", "worker",
            "TCP segments let in without a record of their connection, soon after a start "
            "or a takeover (timeouts.transit_grace)",
            of_workers<&Counters::transit_grace>),
    counter("ikelb_transit_untracked_packets_total", "packets", "worker",
            "Packets of the servers' side whose conversation could not be recorded, so "
            "that its answers are dropped: ikelb_table_entries tells which share of "
            "limits.transit is full",
            of_workers<&Counters::transit_untracked>),
    gauge("ikelb_transit_open", "0 or 1", "",
          "Whether whatever clients begin is routed (transit: open)",
          of_daemon<[](const View& view) { return view.config.transit.is_open; }>),

    gauge("ikelb_config_last_reload_successful", "0 or 1", "",
          "Whether the last attempt to load the configuration succeeded",
          of_daemon<[](const View& view) { return view.reloads.last_ok; }>),
    gauge("ikelb_config_fallback", "0 or 1", "",
          "Whether the last good configuration runs, because ikelbd found a broken file "
          "when it was started",
          of_daemon<[](const View& view) { return view.fallback.has_value(); }>),
    gauge("ikelb_config_last_reload_success_timestamp_seconds", "seconds since 1970", "",
          "When the running configuration was loaded",
          of_daemon<[](const View& view) { return seconds(view.reloads.loaded_at); }>),
    counter("ikelb_config_reload_failures_total", "attempts", "",
            "Attempts to load a configuration that failed and left the old one running, "
            "or had the last good one started",
            of_daemon<[](const View& view) { return view.reloads.failures; }>),
    gauge("ikelb_state_last_save_timestamp_seconds", "seconds since 1970", "",
          "When the state file was last saved; absent before the first time and with "
          "state: none",
          of_daemon<[](const View& view) { return seconds(view.saves.last_success); }>),
    counter("ikelb_state_save_failures_total", "attempts", "",
            "Attempts to save the state file that failed; a crash meanwhile loses what "
            "was learned since the last good one",
            of_daemon<[](const View& view) { return view.saves.failures; }>),
    counter(
        "ikelb_publish_timeouts_total", "tables", "",
        "Forwarding tables that a worker kept from being freed for more than 100 ms after others "
        "had taken their place",
        of_daemon<[](const View& view) { return view.publish_timeouts; }>),
};

}  // namespace

std::span<const Metric> all_metrics() noexcept {
    return rows;
}

}  // namespace ikelb::daemon
