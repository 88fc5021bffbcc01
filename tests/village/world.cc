// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/world.h"

#include <algorithm>
#include <utility>

namespace ikelb::village {

namespace {

constexpr int packets_a_second = 20;

std::string text(const Step& step) {
    const std::string who = step.from != nullptr ? step.from->name
                            : step.server < 0    ? "anybody"
                                                 : "server";
    std::string line =
        std::to_string(step.at) + " s: " + village::text(step.datagram, step.server, who) + " =";
    if (step.server >= 0) {
        line += step.way ? " leaves from vip" + std::to_string(step.way->vip) : " dropped";
    } else {
        for (const int server : step.went_to) line += " b" + std::to_string(server);
        if (step.went_to.empty()) line += " nobody";
        if (step.taken_by) line += ", taken by b" + std::to_string(*step.taken_by);
    }
    return line + " (" + step.verdict + ")";
}

}  // namespace

World::World(const Site& site, MakeBalancer make) : site_{site}, balancer_{make(site)} {
    for (int i = 0; i < site.servers; ++i) servers_.emplace_back(*this, i);
}

Client& World::client(const std::string& name, const Tuple& tuple, const Habits& habits) {
    return clients_.emplace_back(*this, name, tuple, habits);
}

int World::chance(const Datagram& datagram) const {
    return static_cast<int>(
        drawn({static_cast<std::uint64_t>(datagram.kind), datagram.place.client.number,
               datagram.place.port, datagram.ike.spi_i, datagram.ike.spi_r,
               datagram.ike.message_id, datagram.esp.spi, datagram.esp.sequence, now_}) %
        100);
}

std::optional<int> World::to_server(const Datagram& datagram, const Client* from) {
    const int drawn = from == nullptr ? 100 : chance(datagram);
    if (drawn < site_.lost) return std::nullopt;
    if (drawn >= site_.lost + site_.late) return arrive(datagram, from);
    late_.emplace_back(datagram, from);
    return std::nullopt;
}

std::optional<int> World::arrive(const Datagram& datagram, const Client* from) {
    std::vector<int> went_to = balancer_->to_servers(datagram);
    const std::size_t number = steps_.size();
    const bool was_unknown = std::exchange(is_unknown_, is_unknown_ || from == nullptr);
    steps_.push_back({.at = now_,
                      .datagram = datagram,
                      .from = from,
                      .went_to = went_to,
                      .verdict = balancer_->last_verdict(),
                      .is_unknown = is_unknown_});
    const auto before = under_way_;
    for (const int server : went_to) {
        under_way_ = number;
        servers_.at(static_cast<std::size_t>(server)).receive(datagram);
    }
    under_way_ = before;
    is_unknown_ = was_unknown;
    return steps_.at(number).taken_by;
}

std::vector<int> World::pour(const Datagram& datagram) {
    const std::size_t before = steps_.size();
    to_server(datagram);
    std::vector<int> went_to = std::move(steps_.at(before).went_to);
    steps_.resize(before);
    return went_to;
}

void World::accepted(int server, const Datagram& datagram) {
    if (!under_way_) return;
    Step& step = steps_.at(*under_way_);
    if (step.datagram == datagram) step.taken_by = server;
}

void World::to_client(int server, const Datagram& datagram) {
    const std::optional<Way> way = balancer_->to_client(server, datagram);
    steps_.push_back({.at = now_,
                      .datagram = datagram,
                      .server = server,
                      .way = way,
                      .verdict = balancer_->last_verdict(),
                      .is_unknown = is_unknown_});
    if (way && chance(datagram) >= site_.lost) deliver(*way, datagram);
}

void World::deliver(const Way& way, const Datagram& datagram) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        Client& client = clients_[i];
        const bool is_there = datagram.tuple() == client.tuple ||
                              (datagram.is_init() && datagram.place.client == client.tuple.address);
        if (is_there && way.vip == client.habits.vip && !client.is_gone) client.receive(datagram);
    }
}

void World::run(Seconds seconds, const Client* but) {
    for (Seconds i = 0; i < seconds; ++i) {
        ++now_;
        balancer_->advance(1);
        for (const auto& [datagram, from] : std::exchange(late_, {})) arrive(datagram, from);
        if (each_second) each_second();
        for (Server& server : servers_) server.tick();
        for (std::size_t c = 0; c < clients_.size(); ++c)
            if (&clients_[c] != but) clients_[c].tick();
    }
}

void World::kill(int index) {
    server(index).is_alive = false;
    balancer_->set_up(index, false);
}

void World::revive(int index) {
    server(index).is_alive = true;
    balancer_->set_up(index, true);
}

double World::share(Client& client, Seconds seconds) {
    int taken = 0;
    for (Seconds i = 0; i < seconds; ++i) {
        run(1);
        for (int packet = 0; packet < packets_a_second; ++packet)
            taken += client.send_data() ? 1 : 0;
    }
    return taken / static_cast<double>(seconds * packets_a_second);
}

Datagram World::last_request(const Client& client) const {
    const auto is_its = [&](const Step& step) {
        return step.from == &client && step.datagram.is_request();
    };
    const auto found = std::find_if(steps_.rbegin(), steps_.rend(), is_its);
    if (found == steps_.rend()) throw SetupFailed{client.name + " has asked nothing yet"};
    return found->datagram;
}

std::string World::tail(std::size_t most) const {
    std::string lines;
    for (std::size_t i = steps_.size() - std::min(most, steps_.size()); i < steps_.size(); ++i)
        lines += "  " + text(steps_[i]) + "\n";
    return lines;
}

}  // namespace ikelb::village
