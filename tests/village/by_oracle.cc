// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/by_oracle.h"

#include <numeric>
#include <set>

#include "tests/oracle/oracle.h"

namespace ikelb::village {

namespace {

oracle::World farm(const Site& site, bool has_aliases) {
    oracle::World world{.backends = site.servers};
    oracle::Service service{.by_sa = site.by_sa};
    service.members.resize(static_cast<std::size_t>(site.servers));
    std::iota(service.members.begin(), service.members.end(), 0);
    world.services.assign(static_cast<std::size_t>(site.vips), service);
    world.is_v6 = site.is_v6;
    world.has_aliases = has_aliases;
    return world;
}

oracle::Event event(oracle::What what, int server, const Datagram& datagram) {
    return {.what = what,
            .backend = server,
            .vip = datagram.vip,
            .place = datagram.place,
            .kind = datagram.kind,
            .ike = datagram.ike,
            .esp = datagram.esp};
}

class ByOracle final : public Balancer {
public:
    ByOracle(const Site& site, bool has_aliases)
        : site_{site},
          drains_(static_cast<std::size_t>(site.servers), Drain::none),
          is_up_(static_cast<std::size_t>(site.servers), true),
          takers_{takers()},
          oracle_{farm(site, has_aliases),
                  [this](const oracle::Event& asked, oracle::Oracle::Table table) {
                      return hashed(asked, table == oracle::Oracle::Table::current ? takers_
                                                                                   : previous_);
                  },
                  [](const oracle::Event& esp) { return esp.place.port * 8 + esp.vip; }} {}

    std::vector<int> to_servers(const Datagram& datagram) override {
        const oracle::Decision decision =
            oracle_.step(event(oracle::What::from_client, 0, datagram));
        note(decision);
        if (decision.verdict != "to_server") return {};
        std::vector<int> servers{decision.backend};
        servers.insert(servers.end(), decision.full.begin(), decision.full.end());
        servers.insert(servers.end(), decision.copies.begin(),
                       decision.copies.begin() + decision.copies_left);
        return servers;
    }
    std::optional<Way> to_client(int server, const Datagram& datagram) override {
        const oracle::Decision decision =
            oracle_.step(event(oracle::What::from_backend, server, datagram));
        note(decision);
        if (decision.verdict != "to_client") return std::nullopt;
        return Way{.vip = decision.vip};
    }
    void advance(Seconds seconds) override {
        oracle_.step({.what = oracle::What::time, .seconds = seconds});
    }
    void set_up(int server, bool is_up) override {
        is_up_[static_cast<std::size_t>(server)] = is_up;
        change(server, is_up ? oracle::Change::up : oracle::Change::down);
    }
    void set_drain(int server, Drain drain) override {
        drains_[static_cast<std::size_t>(server)] = drain;
        apply(server);
    }
    void place_on(int server) override { place(server); }
    void place_freely() override { place(std::nullopt); }
    void restart(bool is_saved) override { oracle_.restart(is_saved); }
    int hash(const Address& address) const override {
        return hashed({.place = {.client = address}}, takers_);
    }
    bool is_established(const Pair& ike_sa) const override {
        return oracle_.is_established(ike_sa.initiator, ike_sa.responder);
    }
    std::string last_verdict() const override { return last_; }

private:
    /// Whoever scores highest.
    int hashed(const oracle::Event& asked, const std::set<int>& among) const {
        const bool is_new = asked.kind == Kind::ike && asked.ike.spi_r == 0;
        const std::uint64_t of_sa = site_.by_sa && is_new ? asked.ike.spi_i : 0;
        int best = -1;
        std::uint64_t highest = 0;
        for (const int server : among) {
            const std::uint64_t score =
                drawn({asked.place.client.number, of_sa, static_cast<std::uint64_t>(server)});
            if (score <= highest) continue;
            highest = score;
            best = server;
        }
        return best;
    }
    Drain drain_of(int server) const {
        if (placed_on_) return *placed_on_ == server ? Drain::none : Drain::refuse;
        return drains_[static_cast<std::size_t>(server)];
    }
    std::set<int> takers() const {
        std::set<int> those;
        for (int server = 0; server < site_.servers; ++server)
            if (is_up_[static_cast<std::size_t>(server)] && drain_of(server) == Drain::none)
                those.insert(server);
        return those;
    }
    void apply(int server) {
        const Drain drain = drain_of(server);
        change(server, drain == Drain::none   ? oracle::Change::enable
                       : drain == Drain::keep ? oracle::Change::drain_keep
                                              : oracle::Change::drain_refuse);
    }
    void place(std::optional<int> server) {
        placed_on_ = server;
        for (int one = 0; one < site_.servers; ++one) apply(one);
    }
    void change(int server, oracle::Change what) {
        oracle_.step({.what = oracle::What::pool, .change = what, .backend = server});
        const std::set<int> now = takers();
        if (now != takers_) previous_ = std::exchange(takers_, now);
    }
    void note(const oracle::Decision& decision) {
        last_ = decision.verdict + (decision.rule.empty() ? "" : ", " + decision.rule);
    }

    Site site_;
    std::vector<Drain> drains_;
    std::vector<bool> is_up_;
    std::optional<int> placed_on_{};
    std::set<int> takers_;
    std::set<int> previous_{};
    oracle::Oracle oracle_;
    std::string last_;
};

}  // namespace

std::unique_ptr<Balancer> make_by_oracle(const Site& site) {
    return std::make_unique<ByOracle>(site, false);
}
std::unique_ptr<Balancer> make_by_oracle_with_aliases(const Site& site) {
    return std::make_unique<ByOracle>(site, true);
}

}  // namespace ikelb::village
