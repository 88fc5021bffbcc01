// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/simpletons.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace ikelb::village {

namespace {

class ByHash : public Balancer {
public:
    explicit ByHash(const Site& site)
        : is_up_(static_cast<std::size_t>(site.servers), true),
          drains_(static_cast<std::size_t>(site.servers), Drain::none) {}

    std::vector<int> to_servers(const Datagram& datagram) override {
        return {placed_on_ ? *placed_on_ : hash(datagram.place.client)};
    }
    std::optional<Way> to_client(int, const Datagram& datagram) override {
        return Way{.vip = datagram.vip};
    }
    void advance(Seconds) override {}
    void set_up(int server, bool is_up) override {
        is_up_[static_cast<std::size_t>(server)] = is_up;
    }
    void set_drain(int server, Drain drain) override {
        drains_[static_cast<std::size_t>(server)] = drain;
    }
    void place_on(int server) override { placed_on_ = server; }
    void place_freely() override { placed_on_.reset(); }
    void restart(bool) override {}
    int hash(const Address& address) const override {
        int best = 0;
        std::uint64_t highest = 0;
        for (int server = 0; server < static_cast<int>(is_up_.size()); ++server) {
            const std::uint64_t score = drawn({address.number, static_cast<std::uint64_t>(server)});
            if (!takes(server) || score <= highest) continue;
            highest = score;
            best = server;
        }
        return best;
    }
    bool is_established(const Pair&) const override { return false; }

protected:
    bool takes(int server) const {
        const auto index = static_cast<std::size_t>(server);
        return is_up_[index] && drains_[index] == Drain::none;
    }
    std::optional<int> placed_on_{};

private:
    std::vector<bool> is_up_;
    std::vector<Drain> drains_;
};

class ByAddress final : public ByHash {
public:
    using ByHash::ByHash;

    std::vector<int> to_servers(const Datagram& datagram) override {
        const Address& client = datagram.place.client;
        if (placed_on_) placed_[client] = *placed_on_;
        const auto found = placed_.find(client);
        if (found != placed_.end() && takes(found->second)) return {found->second};
        return {placed_[client] = hash(client)};
    }
    void restart(bool is_saved) override {
        if (!is_saved) placed_.clear();
    }

private:
    std::map<Address, int> placed_;
};

class ByAnswers final : public ByHash {
public:
    using ByHash::ByHash;

    std::vector<int> to_servers(const Datagram& datagram) override {
        const Address& client = datagram.place.client;
        const bool is_new = datagram.kind == Kind::ike && datagram.ike.spi_r == 0;
        const auto known = [](const auto& records, const auto& key) -> std::optional<int> {
            const auto found = records.find(key);
            return found == records.end() ? std::nullopt : std::optional{found->second};
        };
        if (datagram.kind == Kind::ike)
            if (const auto server = known(ike_sas_, datagram.ike_sa())) return {*server};
        if (datagram.kind == Kind::esp) {
            const auto by_spi = known(spis_, std::pair{client, datagram.esp.spi});
            const auto here = by_spi ? by_spi : known(flows_, datagram.place);
            if (here) return {spis_[{client, datagram.esp.spi}] = *here};
        }
        if (!is_new)
            if (const auto server = known(flows_, datagram.place)) return {*server};
        if (placed_on_) return {*placed_on_};
        const auto home = known(homes_, client);
        return {home && takes(*home) ? *home : hash(client)};
    }
    std::optional<Way> to_client(int server, const Datagram& datagram) override {
        // Of an SA that begins, so that its retries stay.
        if (datagram.kind == Kind::ike)
            for (const Pair& ike_sa : {datagram.ike_sa(), Pair{datagram.ike.spi_i, 0}})
                ike_sas_[ike_sa] = server;
        flows_[datagram.place] = server;
        homes_[datagram.place.client] = server;
        return Way{.vip = datagram.vip};
    }
    void restart(bool is_saved) override {
        if (!is_saved) *this = ByAnswers{*this};
    }

private:
    explicit ByAnswers(const ByHash& empty) : ByHash{empty} {}

    std::map<Pair, int> ike_sas_;
    std::map<Place, int> flows_;
    std::map<std::pair<Address, std::uint32_t>, int> spis_;
    std::map<Address, int> homes_;
};

constexpr auto passed_by_hash = std::to_array<std::string_view>({
    "e1_cookie_retry",
    "e13_reauth_after_roam",
    "n11_provisional_by_replay_upload",
    "n3_failed_logins_become_established",
    "n9_nominees_full",
});
constexpr auto passed_by_address = std::to_array<std::string_view>({
    "download_only",
    "e1_cookie_retry",
    "e11_ike_rekey_dpd",
    "e13_reauth_after_roam",
    "e13_reauth_in_office",
    "e16_rebinding",
    "e20_equal_spis_after_idle",
    "e20_equal_spis_upload",
    "e22_added_while_asked",
    "e22_login_elsewhere",
    "e22_stale_server_feeds",
    "e22_upload_no_dpd",
    "e22_upload_only",
    "e7_child_rekeys",
    "idle_hour",
    "idle_hour_no_dpd_then_dpd",
    "n11_provisional_by_replay_upload",
    "n13_stolen_fresh_esp",
    "n13_stolen_fresh_esp_upload",
    "n3_failed_logins_become_established",
    "n6_valid_mobike_onto_victim",
    "n6_valid_mobike_upload_victim",
    "n7_next_login",
    "n8_failed_login_at_other_vip",
    "n8_reply_vip",
    "n9_nominees_full",
    "restart_kept",
    "restart_stale_feeds",
    "restart_upload",
    "restart_upload_stale",
    "upload_no_dpd_server_dpd",
    "upload_only",
});

constexpr auto passed_by_answers = std::to_array<std::string_view>({
    "crash_stale_feeds",
    "download_only",
    "e11_ike_rekey_dpd",
    "e13_reauth_after_roam",
    "e13_reauth_in_office",
    "e13_reauth_refuse",
    "e14_fresh",
    "e14_used_tuple",
    "e16_rebinding",
    "e1_cookie_retry",
    "e22_added_while_asked",
    "e22_login_elsewhere",
    "e22_office_ping_down",
    "e22_ping_only",
    "e22_upload_no_dpd",
    "e22_upload_only",
    "e26_other_vip",
    "e4_other_address",
    "e4_then_e14",
    "e4_upload_only",
    "e7_child_rekeys",
    "idle_hour",
    "idle_hour_no_dpd_then_dpd",
    "n11_provisional_by_replay_upload",
    "n2_replayed_mate_upload_victim",
    "n3_failed_logins_become_established",
    "n7_next_login",
    "n8_failed_login_at_other_vip",
    "n8_reply_vip",
    "n9_nominees_full",
    "restart_kept",
    "restart_upload",
    "upload_no_dpd_server_dpd",
    "upload_only",
});

template <typename Names>
bool is_among(std::string_view scenario, const Names& names) {
    return std::find(names.begin(), names.end(), scenario) != names.end();
}

}  // namespace

std::unique_ptr<Balancer> make_by_hash(const Site& site) {
    return std::make_unique<ByHash>(site);
}
std::unique_ptr<Balancer> make_by_address(const Site& site) {
    return std::make_unique<ByAddress>(site);
}
std::unique_ptr<Balancer> make_by_answers(const Site& site) {
    return std::make_unique<ByAnswers>(site);
}
bool passes_by_hash(std::string_view scenario) {
    return is_among(scenario, passed_by_hash);
}
bool passes_by_address(std::string_view scenario) {
    return is_among(scenario, passed_by_address);
}
bool passes_by_answers(std::string_view scenario) {
    return is_among(scenario, passed_by_answers);
}

}  // namespace ikelb::village
