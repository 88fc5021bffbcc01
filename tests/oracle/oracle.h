// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "tests/oracle/event.h"

namespace ikelb::oracle {

/// What becomes of a datagram, and by which rule.
struct Decision {
    std::string verdict{};      ///< to_server, to_client, or the name of the drop
    int backend = -1;         ///< of to_server
    int vip = -1;             ///< of to_client
    bool any_member = false;  ///< of to_server: whoever the scheduler takes; see Oracle::chosen()
    std::string rule{};
};

/// The rules of affinity, as slow and plain as they can be said: maps, no packing, no eviction,
/// nothing shared with the product. Time and the scheduler's keyed hash are passed in.
///
/// Where the rules leave freedom, it has these readings:
/// - A record's last_seen is written at most every 30 s (a flow's: 5 s), by the first packet after
///   that. What hangs on a flow (its binding, its ESP SPIs, its login) is renewed when the flow is
///   written.
/// - A backend sent within 10 s if last_seen is at most 15 s ago. Such a flow yields only to an SA
///   whose INIT was answered to its address within 30 s; one that no session has confirmed yields
///   to every answered request.
/// - An ESP SPI has one candidate a flow, which stays for 2 s once the backend has spoken. A claim
///   lives as a flow does, renewed by its flow while it is one of the last two that the flow met.
/// - A claim that a flow remembers ends no earlier than the flow.
/// - Learning from ESP never overwrites a live claim, also if its backend serves another VIP.
/// - Two backends that claim an SPI make it ambiguous, also if they serve different VIPs.
/// - ESP that went by its SPI alone leaves a hint, which IKE of an unknown pair follows from that
///   very place, in the order between flow and binding. It is renewed after half its life.
/// - IKE_SESSION_RESUME's answer holds a nonce where IKE_SA_INIT's holds SA (RFC 5723).
/// - A later fragment follows its first one alone.
/// - Of IKEv1, ESP alone is a backend's own word: no flag tells its requests from its answers.
/// - A backend's keepalive renews a binding, and fills none.
/// - A delete may be of a child: ESP of the flow more than 5 s later restores the pair.
/// - A reply's own IKE SPIs tell its VIP before its flow does: a new SA may be of another VIP.
/// - What a server of several VIPs proves of a client's place on one of them ends its flow there
///   on the others.
class Oracle {
public:
    /// Whom the keyed hash names for a client's datagram, by the table in use or by the one before
    /// it; -1: nobody.
    enum class Table : bool { current, previous };
    using Hash = std::function<int(const Event&, Table)>;

    Oracle(World world, Hash hash);

    Decision step(const Event& event);

    /// What a scheduler that takes turns made of a datagram decided as any_member.
    void chosen(const Event& event, int backend);
    bool may_be_chosen(int vip, int backend) const;

private:
    enum class State { half_open, answered, established, closing };
    enum class Mode { enabled, drain_keep, drain_refuse };

    struct Server {
        bool is_present = true;
        bool is_up = true;
        bool flush_on_down = false;
        Mode mode = Mode::enabled;
        int generation = 0;
    };
    struct Record {
        int backend = -1;
        int generation = 0;
        State state = State::half_open;
        Seconds last_seen = 0;
    };
    struct Pair : Record {
        int vip = -1;
    };
    struct Timed {
        int backend = -1;
        int generation = 0;
        Seconds since = 0;
    };
    /// An ESP SPI of a flow on its way to being believed.
    struct Candidate : Timed {
        std::uint32_t spi = 0;  ///< 0: none at the moment
        std::uint32_t first_sequence = 0;
        bool backend_spoke = false;
        int taught = 0;  ///< how many the flow has taught so far
    };
    struct Flow : Record {
        std::uint32_t latest_spi = 0, earlier_spi = 0;  ///< that the full order resolved to it
        bool awaits_esp = false;  ///< the backend's next ESP, or IKE of an SA, speaks for it
    };
    struct Login : Timed {
        bool is_closing = false;  ///< a delete was hinted at, of the SA or of a child
        std::pair<std::uint64_t, std::uint64_t> pair;
    };
    struct Fragments {
        Decision decision;
        Seconds since = 0;
    };

    using PairKey = std::pair<std::uint64_t, std::uint64_t>;
    using FlowKey = std::pair<Place, int>;                          // and VIP
    using BindingKey = std::pair<Address, int>;                     // and VIP
    using HalfOpenKey = std::tuple<Address, std::uint64_t, int>;    // SPIi, VIP
    using PendingKey = std::tuple<FlowKey, std::uint64_t, std::uint32_t>;  // SPIi, message ID
    using EspKey = std::pair<Address, std::uint32_t>;
    using FragmentKey = std::tuple<int, Address, int, std::uint16_t>;  // side, client, peer, id

    // The pool.
    void change(const Event& event);
    bool is_member(int vip, int backend) const;
    bool takes_new(int backend) const;
    bool takes_returning(int backend) const;
    std::set<int> takers(int vip) const;
    bool counts(int backend, int generation, int vip) const;

    // Records, only while they live and count for the VIP.
    static Seconds life_of(State state, bool is_pair);
    bool is_alive(const Record& record, bool is_pair) const;
    const Pair* pair(const PairKey& key, int vip) const;
    Flow* flow(const FlowKey& key);
    const Record* binding(const Address& client, int vip) const;
    std::optional<int> half_open(const Event& event) const;
    std::optional<int> esp_of_client(const EspKey& key, int vip) const;
    std::optional<int> esp_alone(std::uint32_t spi, int vip) const;

    // From the client.
    Decision from_client(const Event& event);
    Decision steer(const Event& event);
    Decision new_sa(const Event& event);
    Decision known_ike(const Event& event);
    Decision esp(const Event& event);
    Decision keepalive(const Event& event);
    Decision later_from_client(const Event& event);
    Decision session(int backend, const char* rule) const;
    Decision schedule(const Event& event, bool is_new);
    void keep_choice(const Event& event, int backend, bool took_turns);
    void note_request(const Event& event, int backend);
    void note_candidate(const Event& event, Flow& at);
    bool by_sa(const Event& event) const;
    int generation(int backend) const;

    // From a backend.
    Decision from_backend(const Event& event);
    Decision later_from_backend(const Event& event) const;
    std::optional<State> proof(const Event& event) const;
    int vip_of_reply(const Event& event);
    void learn_pair(const Event& event, int vip, std::optional<State> proof);
    void note_answered_init(const Event& event, int vip);
    static bool speaks(const Event& event, std::optional<State> proof);
    std::string learn_flow(const Event& event, int vip, std::optional<State> proof);
    void learn_binding(const Event& event, int vip, std::optional<State> proof);
    bool may_move(const Event& event, const FlowKey& key, const Flow& flow,
                  std::optional<State> proof) const;
    void after_flow(const Event& event, const FlowKey& key, std::optional<State> proof);
    bool renew(Record& record, std::optional<State> proof, Seconds after) const;
    /// Was the INIT of this IKE message's SA answered to this client address a moment ago?
    bool began_here(const Event& event, int vip) const;
    Record fresh(int backend, State state) const;

    World world_;
    Hash hash_;
    Seconds now_ = 1000;
    std::vector<Server> servers_;
    std::vector<std::set<int>> members_;  ///< by VIP

    struct Hashed {
        std::set<int> takers;
        bool has_previous = false;
        Seconds rebuilt_at = 0;
    };
    std::vector<Hashed> hashed_;  ///< by VIP

    std::map<PairKey, Pair> pairs_;
    std::map<FlowKey, Flow> flows_;
    std::map<BindingKey, Record> bindings_;
    std::map<HalfOpenKey, Timed> half_open_;
    std::map<HalfOpenKey, Timed> answered_inits_;
    std::map<PendingKey, Timed> pending_;
    std::map<FlowKey, Candidate> candidates_;
    std::map<FlowKey, Login> logins_;
    std::map<FlowKey, Timed> hints_;            ///< left by an ESP SPI alone
    std::map<EspKey, Timed> esp_;
    std::map<FragmentKey, Fragments> fragments_;
};

}  // namespace ikelb::oracle
