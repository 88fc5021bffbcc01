// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <set>

#include "config/rules.h"
#include "config/scalar.h"

namespace ikelb::config::rules {
namespace {

bool is_prime(std::uint32_t number) {
    if (number < 2) return false;
    for (std::uint64_t divisor = 2; divisor * divisor <= number; ++divisor)
        if (number % divisor == 0) return false;
    return true;
}

std::uint32_t next_prime(std::uint32_t number) {
    while (!is_prime(number)) ++number;
    return number;
}

void worker_cpus_fit(const Config& config, FindingList& out) {
    const Workers& workers = config.workers;
    const int line = workers.line.number;
    if (!workers.cpus.empty() && workers.cpus.size() != workers.count)
        out.error(line, "workers.cpus",
                  std::to_string(workers.cpus.size()) + " CPUs for " +
                      std::to_string(workers.count) +
                      " workers; write one for each, or leave cpus out");
    std::set<std::uint16_t> seen;
    for (const std::uint16_t cpu : workers.cpus)
        if (!seen.insert(cpu).second)
            out.error(line, "workers.cpus",
                      "the CPU " + std::to_string(cpu) +
                          " is written twice; every worker keeps one busy, choose another");
}

void eal_args_leave_ours_alone(const Config& config, FindingList& out) {
    // ikelb makes these from ports, workers and dpdk; of two EAL takes the last one or fails.
    constexpr std::array<std::string_view, 15> ours{
        "-l",     "-c",         "--lcores", "--main-lcore", "--no-huge",
        "-m",     "--huge-dir", "--vdev",   "-a",           "--allow",
        "--no-pci", "--file-prefix", "--proc-type", "--in-memory", "--no-shconf"};
    for (std::size_t i = 0; i < config.dpdk.eal_args.size(); ++i) {
        const std::string_view argument = config.dpdk.eal_args[i];
        const std::string_view name = argument.substr(0, argument.find('='));
        if (std::find(ours.begin(), ours.end(), name) != ours.end())
            out.warning(config.dpdk.line.number, item_path("dpdk.eal_args", i),
                        in_quotes(name) + " may contradict what ikelb passes itself from ports, "
                                       "workers and dpdk; use those keys where they do");
    }
}

void timeouts_fit(const Config& config, FindingList& out) {
    const Timeouts& timeouts = config.timeouts;
    const int line = timeouts.line.number;
    if (timeouts.half_open > timeouts.answered)
        out.error(line, "timeouts.half_open",
                  to_string(timeouts.half_open) + " is longer than answered, " +
                      to_string(timeouts.answered) + "; an answer must not shorten a life");
    if (timeouts.answered > timeouts.ike_sa)
        out.error(line, "timeouts.answered",
                  to_string(timeouts.answered) + " is longer than pair, " +
                      to_string(timeouts.ike_sa) + "; authentication must not shorten a life");
    if (timeouts.transit_tcp_opening > timeouts.transit_tcp)
        out.error(line, "timeouts.transit_tcp_opening",
                  to_string(timeouts.transit_tcp_opening) + " is longer than transit_tcp, " +
                      to_string(timeouts.transit_tcp) + "; an answer must not shorten a life");
    // RRAS keeps a silent tunnel for 30 min by default (network outage time).
    if (timeouts.flow < std::chrono::minutes{30})
        out.warning(line, "timeouts.flow",
                    to_string(timeouts.flow) + " is shorter than servers keep a silent tunnel (30 "
                                               "min on RRAS): such tunnels may break; write more");
}

void state_file_is_usable(const Config& config, FindingList& out) {
    const auto& file = config.state.file;
    if (!file || (file->starts_with('/') && !file->ends_with('/'))) return;
    out.error(config.state.line.number, "state.file",
              in_quotes(*file) + " can't be the file; write an absolute path, such as "
                                 "/var/lib/ikelb/state");
}

void admin_socket_is_usable(const Config& config, FindingList& out) {
    constexpr std::size_t longest = 107;  // sun_path less the NUL, see unix(7)
    const std::string& socket = config.admin.socket;
    if (!socket.starts_with('/') || socket.size() > longest)
        out.error(config.admin.line.number, "admin.socket",
                  in_quotes(socket) + " can't be the socket; write an absolute path of at most " +
                      std::to_string(longest) + " bytes");
}

void maglev_table_size_is_prime(const Config& config, FindingList& out) {
    // A permutation (offset + i * skip) mod size visits every entry only if the size is prime.
    if (!is_prime(config.maglev_table_size))
        out.error(config.maglev_table_size_line.number, "maglev_table_size",
                  std::to_string(config.maglev_table_size) + " is not a prime; write " +
                      std::to_string(next_prime(config.maglev_table_size)));
}

void maglev_tables_are_built_in_time(const Config& config, FindingList& out) {
    // The daemon does nothing else while it builds the tables, longer with less even weights: the
    // service manager's watchdog waits 30 s. See docs/decisions/0011-starts-that-fail.md.
    constexpr std::uint64_t most = std::uint64_t{1} << 25;
    // Every service has a Maglev table: clients that another scheduler can't remember go by it.
    const std::uint64_t services = config.services.size();
    if (services * config.maglev_table_size > most)
        out.error(config.maglev_table_size_line.number, "maglev_table_size",
                  "with tables of " + std::to_string(services) + " services that is " +
                      std::to_string(services * config.maglev_table_size) +
                      " entries, which take too long to build at each change; write a prime of at "
                      "most " +
                      std::to_string(most / services));
}

void maglev_table_is_large_enough(const Config& config, FindingList& out) {
    for (const Pool& pool : config.pools)
        if (pool.backends.size() * 100 > config.maglev_table_size)
            out.warning(config.maglev_table_size_line.number, "maglev_table_size",
                        std::to_string(config.maglev_table_size) + " is less than 100 times the " +
                            std::to_string(pool.backends.size()) + " backends of the pool " +
                            in_quotes(pool.name) + ": the shares get uneven; write a larger prime");
}

}  // namespace

void system(const Config& config, FindingList& out) {
    for (const Rule rule :
         {worker_cpus_fit, eal_args_leave_ours_alone, timeouts_fit, state_file_is_usable,
          admin_socket_is_usable, maglev_table_size_is_prime, maglev_tables_are_built_in_time,
          maglev_table_is_large_enough})
        rule(config, out);
}

}  // namespace ikelb::config::rules
