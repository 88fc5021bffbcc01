// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/village/balancer.h"
#include "tests/village/client.h"
#include "tests/village/server.h"

namespace ikelb::village {

/// What a scenario takes for granted did not come about: whatever it would say is worth nothing.
struct SetupFailed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What the balancer did with one datagram.
struct Step {
    Seconds at = 0;
    Datagram datagram{};
    const Client* from = nullptr;   ///< nullptr: a server, or whoever writes any source address
    int server = -1;                ///< which sent it
    std::vector<int> went_to{};     ///< servers, the first one's is no copy
    std::optional<int> taken_by{};  ///< the server that took it for its own
    std::optional<Way> way{};       ///< of a server's
    std::string verdict{};
    bool is_unknown = false;  ///< it, or what it answers, was sent by nobody of the village
};

/// Clients and servers with a balancer between them. A datagram arrives the moment it is sent, and
/// is answered in that moment; seconds pass by run() alone.
class World {
public:
    World(const Site& site, MakeBalancer make);

    Seconds now() const { return now_; }
    const Site& site() const { return site_; }
    Balancer& balancer() { return *balancer_; }
    const Balancer& balancer() const { return *balancer_; }
    std::deque<Server>& servers() { return servers_; }
    Server& server(int index) { return servers_.at(static_cast<std::size_t>(index)); }
    Client& client(const std::string& name, const Tuple& tuple, const Habits& habits = {});
    const std::deque<Client>& clients() const { return clients_; }

    /// From a client, or from anybody with any source address. Returns the server that took it as
    /// one of an SA.
    std::optional<int> to_server(const Datagram& datagram, const Client* from = nullptr);
    void to_client(int server, const Datagram& datagram);
    /// As to_server(), for one of many that nobody asks about later: no step of it is kept.
    std::vector<int> pour(const Datagram& datagram);
    /// A server took the datagram that is under way.
    void accepted(int server, const Datagram& datagram);

    /// Seconds pass, for all but one.
    void run(Seconds seconds, const Client* but = nullptr);
    std::function<void()> each_second{};  ///< before anybody does anything in it
    void restart(bool is_saved) { balancer_->restart(is_saved); }
    /// The server dies, and the health checks see it; or it is back, with or without its SAs.
    void kill(int server);
    void revive(int server);

    /// How much of a client's ESP its server takes, from 0 to 1: some packets in each second.
    double share(Client& client, Seconds seconds = 3);
    /// Nearly all of it.
    bool flows(Client& client, Seconds seconds = 3) { return share(client, seconds) > 0.9; }

    /// Everything so far.
    const std::deque<Step>& steps() const { return steps_; }
    /// The last IKE request of a client.
    Datagram last_request(const Client& client) const;
    /// For people: the end of it.
    std::string tail(std::size_t most) const;

private:
    std::optional<int> arrive(const Datagram& datagram, const Client* from);
    void deliver(const Way& way, const Datagram& datagram);
    /// 0 to 99, of this datagram at this moment: the same in another world with the same clients.
    int chance(const Datagram& datagram) const;

    Site site_;
    std::unique_ptr<Balancer> balancer_;
    std::deque<Server> servers_;
    std::deque<Client> clients_;
    std::deque<Step> steps_;
    std::vector<std::pair<Datagram, const Client*>> late_;  ///< on their way for a second
    std::optional<std::size_t> under_way_{};  ///< the client's datagram, counted from the beginning
    bool is_unknown_ = false;                 ///< what is under way
    Seconds now_ = 1000;
};

}  // namespace ikelb::village
