// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/oracle/bucket.h"
#include "tests/oracle/event.h"
#include "tests/oracle/standers.h"

namespace ikelb::oracle {

/// What becomes of a datagram, and by which rule.
struct Decision {
    std::string verdict{};    ///< to_server, to_client, or the name of the drop
    int backend = -1;         ///< of to_server
    int vip = -1;             ///< of to_client
    int router = -1;          ///< of to_client
    bool any_member = false;  ///< of to_server: whoever the scheduler takes; see Oracle::chosen()
    std::string rule{};
    std::set<int> full{};            ///< who gets it too, always
    std::vector<int> copies{};       ///< who gets it too, as far as the tuple's bucket goes
    std::uint32_t copies_left = 0;   ///< so many of them
};

/// The rules of affinity, as slow and plain as they can be said: maps, no packing, no eviction,
/// nothing shared with the product. Time and what is hashed by a secret are passed in.
///
/// Where the rules leave freedom, it has these readings:
/// - A tuple is a client's address and port with the VIP and its port. The backends that were heard
///   there stand there, and the first one has the flow. Each is written at most every 5 s, or when
///   the flow is awaited by an ESP SPI; pairs and bindings at most every 30 s. What hangs on a
///   stander (binding, login) is written with it.
/// - An answer is fresh by its message ID alone. A pair whose INIT nobody saw has to have answered
///   once before an answer is fresh. One that closes is still an SA. A backend's flush makes no old
///   answer fresh, and takes no login's beginning from it.
/// - What is malformed is a sign of life like a keepalive: it proves nothing more.
/// - An INIT's answer of a pair that is known changes nothing but its last_seen.
/// - Any answer to an INIT, also a COOKIE or another notify, is a choice for the client's next.
/// - A request that nobody knows is pending, and one of a known pair is not. Its retransmission
///   goes to all but those that are down and flushed.
/// - One who stands elsewhere or whose claim has another tag gets copies, if the bucket allows. A
///   main backend that drops the datagram takes the copies along.
/// - A claim is live, and has its rank, whatever service its backend is in.
/// - A backend whose predecessor is gone has the flow, and gets candidates once it is heard.
/// - A candidate is its SPI's, whoever sends it, and goes with its firm claim: it outlives an empty
///   budget. What a datagram's claim changes counts for its own copies.
/// - A claim that replaces a shared one has its rank by all that were live before.
/// - A delete may be of a child: ESP of its tuple more than 5 s later restores the pair.
/// - A round of questions is charged also where nobody else is up to be asked.
/// - What two buckets allow together takes a token of the first also if the second one is empty: of
///   questions the source's, of nominations the pair's, of copies the tuple's.
/// - A request that comes by the router of its flow's replies, or where there is no flow by the
///   first one that lives, has no way of its own. A flow has its router as long as it lives,
///   whether it counts or not. For one that is dead or does not lead to the client the first one
///   that lives stands in, and what comes by a dead one comes by nobody. A strong answer's becomes
///   its flow's if that is its own, or if it changes who stands.
/// - A login that is above its source's share says of its SA what an INIT's answer says.
/// - IKE_SESSION_RESUME's answer holds a nonce where IKE_SA_INIT's holds SA (RFC 5723).
/// - A later fragment follows its first one's main backend alone.
/// - Of IKEv1, ESP alone is speech: no flag tells its requests from its answers.
/// - Without an address for each VIP on the server, a reply's own IKE SPIs tell its VIP before its
///   place does: a new SA may be of another VIP. Then it is the VIP where it stands highest at that
///   place, or was heard last; two alike tell nothing.
class Oracle {
public:
    /// Whom the keyed hash names for a client's datagram, by the table in use or by the one before
    /// it; -1: nobody.
    enum class Table : bool { current, previous };
    using Hash = std::function<int(const Event&, Table)>;

    /// Tells the places of one address apart that use one SPI, as well as the product can.
    using Tag = std::function<int(const Event&)>;

    Oracle(World world, Hash hash, Tag tag);

    Decision step(const Event& event);

    /// What a scheduler that takes turns made of a datagram decided as any_member.
    void chosen(const Event& event, int backend);
    bool may_be_chosen(int vip, int backend) const;

    /// Another process begins with what the first one had saved, or with nothing.
    void restart(bool is_saved);
    bool is_established(std::uint64_t spi_i, std::uint64_t spi_r) const;

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
        Seconds last = 0;
    };
    struct Choice : Record {
        bool is_answered = false;
    };
    struct Pair : Record {
        State state = State::half_open;
        int vip = -1;
        std::optional<Address> began{};           ///< where its INIT was answered; none: unseen
        std::optional<std::uint32_t> answered{};  ///< the highest message ID
    };
    struct Login : Record {
        bool is_closing = false;  ///< a delete was hinted at, of the SA or of a child
        std::pair<std::uint64_t, std::uint64_t> pair{};
    };
    struct Claim : Record {
        int tag = 0;             ///< of the client's port and the VIP
        int rank = 0;            ///< among those of one SPI
        bool is_shared = false;  ///< made while others were asked in full: decides nothing alone
    };
    struct Candidate : Record {  // last: since
        std::uint32_t sequence = 0;
        bool is_contested = false;  ///< another backend has had it
    };
    struct Pending : Record {
        std::optional<int> router{};  ///< where the answer goes, if not the usual way
        int rounds = 0;  ///< of copies
    };
    struct Fragments {
        Decision decision;
        Seconds since = 0;
        std::optional<int> router{};  ///< that stood with the first one's tuple
    };
    /// What is asked about ESP at a tuple.
    struct Asked {
        std::vector<Stander> standers{};
        std::vector<int> full{};
        Stander best{};  ///< of those: the flow's own, if it is one
        int main = -1;
        const char* rule = "";
    };

    using PairKey = std::pair<std::uint64_t, std::uint64_t>;
    using Tuple = std::pair<Place, int>;                            // and VIP
    using BindingKey = std::pair<Address, int>;                     // and VIP
    using ChoiceKey = std::tuple<Address, std::uint64_t, int>;      // SPIi, VIP
    /// SPIi, SPIr unless the request begins an SA, message ID.
    using PendingKey =
        std::tuple<Tuple, std::uint64_t, std::optional<std::uint64_t>, std::uint32_t>;
    using EspKey = std::pair<Address, std::uint32_t>;
    using FragmentKey = std::tuple<int, Address, int, std::uint16_t>;  // side, client, peer, id

    // The pool.
    void change(const Event& event);
    const Server& server(int backend) const {
        return servers_.at(static_cast<std::size_t>(backend));
    }
    const Service& service(int vip) const {
        return world_.services.at(static_cast<std::size_t>(vip));
    }
    bool is_member(int vip, int backend) const;
    bool takes_new(int backend) const;
    bool takes_returning(int backend) const;
    bool is_left_out(int backend) const;  ///< down, and not to be sent to
    std::set<int> takers(int vip) const;
    bool counts(const Record& record, int vip) const;
    bool is_current(const Record& record) const;
    Record record_of(int backend) const;

    // Records, only while they live and count for the VIP.
    Seconds life_of(State state) const;
    bool is_alive(const Pair& pair) const { return now_ - pair.last <= life_of(pair.state); }
    Pair* pair(const PairKey& key, int vip);
    std::vector<Stander> standers(const Tuple& tuple);
    Record* binding(const Address& client, int vip);
    BindingKey binding_key(const Address& client, int vip) const;
    Address source_of(const Address& client) const;
    std::optional<int> choice(const Event& event) const;
    bool is_fresh(const Choice& choice) const;
    std::optional<int> labelled(const Event& event) const;

    // From the client.
    Decision from_client(const Event& event);
    Decision steer(const Event& event);
    Decision new_sa(const Event& event);
    Decision choose(const Event& event);
    Decision known_ike(const Event& event);
    Decision by_known_sa(const Event& event);
    Decision by_records(const Event& event);
    std::optional<int> without_flow(const Event& event);
    void ask_all(const Event& event, Decision& decision);
    Bucket& copies_of_service(const Event& event);
    bool may_ask_all(const Event& event, Pending& pending);
    Decision keepalive(const Event& event);
    Decision later_from_client(const Event& event);
    Decision session(int backend, const char* rule) const;
    Decision schedule(const Event& event, bool is_new);
    void keep_choice(const Event& event, int backend, bool took_turns);
    void note_request(const Event& event, int backend, bool is_unknown);
    static PendingKey pending_key(const Event& event, int vip);
    const Pending* pending(const Event& event, int vip) const;
    int usual_router() const { return router_lives_[0] ? 0 : 1; }
    int router_of(const Tuple& tuple) const;
    int router_to(const Address& client, int recorded) const;
    void change_router(const Event& event);

    // ESP from the client.
    Decision esp(const Event& event);
    Claim* claim(const EspKey& key);
    void hear_claim(Claim& claim, const Asked& asked) const;
    bool is_disputed(const Claim& claim, const Asked& asked) const;
    std::vector<int> claimants(const Event& event);
    bool is_open(const Event& event, const EspKey& key);
    Asked ask(const Event& event);
    void note_candidate(const Event& event, const Asked& asked);
    enum class Word { waits, confirmed, contested };
    Word hear_candidate(const Event& event, const Stander& flow);
    bool share(const Event& event, const Stander& its, bool is_confirmed);
    void write_claim(const Event& event, const Stander& flow, bool is_shared);

    // From a backend.
    Decision from_backend(const Event& event);
    Decision later_from_backend(const Event& event) const;
    bool is_refusal_of_copy(const Event& event, int vip) const;
    std::optional<State> proof(const Event& event) const;
    Said said(const Event& event, int vip, const std::optional<Pair>& fresh_of);
    std::optional<Pair> fresh_pair(const Event& event) const;
    int vip_of_reply(const Event& event);
    int vip_of_standing(const Event& event, const std::set<int>& vips);
    int vip_of_spis(const Event& event, const std::set<int>& vips) const;
    bool is_over_share(const Event& event);
    void learn_pair(const Event& event, int vip, std::optional<State> proof);
    void note_answer(const Event& event, int vip);
    std::string learn_place(const Event& event, int vip, Said said, std::optional<int> way = {});
    std::optional<int> way_of_answer(const Event& event, int vip) const;
    bool is_v1_before_its_sa(const Event& event) const;
    bool may_add_place(const Event& event, Said its);
    bool may_nominate(const Event& event);
    void confirm_login(const Event& event);
    void learn_binding(const Event& event, int vip);
    void renew(Pair& pair, State proof) const;

    World world_;
    Hash hash_;
    Tag tag_;
    Seconds now_ = 1000;
    std::vector<Server> servers_;
    std::vector<std::set<int>> members_;  ///< by VIP
    std::array<bool, 2> router_lives_{true, true};
    bool second_has_default_ = true;

    struct Hashed {
        std::set<int> takers;
        bool has_previous = false;
        Seconds rebuilt_at = 0;
    };
    std::vector<Hashed> hashed_;  ///< by VIP

    std::map<PairKey, Pair> pairs_;
    std::map<Tuple, Standers> standers_;
    std::map<BindingKey, Record> bindings_;
    std::map<EspKey, Claim> claims_;

    /// What a restart forgets.
    struct Passing {
        std::map<ChoiceKey, Choice> choices;
        std::map<PendingKey, Pending> pending;
        std::map<std::uint32_t, Candidate> candidates;  ///< by SPI
        std::map<std::tuple<Address, std::uint16_t, int>, Login> logins;  ///< of a backend
        std::map<FragmentKey, Fragments> fragments;
        // Buckets, of each worker.
        std::map<std::pair<int, Tuple>, Bucket> copies, claims, candidate_tokens;
        std::map<std::tuple<int, PairKey, std::uint32_t>, Bucket> nominations;  // of a login's step
        std::map<std::pair<int, PairKey>, Bucket> fresh_answers_of_pair;
        std::map<std::pair<int, Address>, Bucket> nominations_of_source, speech_of_source,
            questions_of_source;
        std::map<std::tuple<int, Address, bool>, Bucket> logins_of_source;  // began there
        std::map<std::pair<int, int>, Bucket> questions_of_service, copies_of_service;
    };
    Passing passing_;
};

}  // namespace ikelb::oracle
