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

/// Result for a datagram, and its rule.
struct Decision {
    std::string verdict{};    ///< to_server, to_client, or the name of the drop
    int backend = -1;         ///< of to_server
    int vip = -1;             ///< of to_client
    int router = -1;          ///< of to_client
    bool any_member = false;  ///< of to_server: any member, by the scheduler; see Oracle::chosen()
    std::string rule{};
    std::set<int> full{};           ///< further backends that always get it
    std::vector<int> copies{};      ///< further backends within the tuple's bucket
    std::uint32_t copies_left = 0;  ///< size of this bucket's share
};

/// The rules of affinity, as slow and plain as possible: maps, no packing, no eviction, nothing
/// shared with the product. The caller passes time and the values of keyed hashes.
///
/// Where the rules leave freedom, the oracle reads them as follows:
/// - A tuple is a client's address and port with the VIP and its port. The backends that were heard
///   there stand there, and the first one has the flow. Each is written at most every 5 s, or when
///   an ESP SPI awaits the flow; IKE SAs and client persistence at most every 30 s. Records that
///   depend on a stander (client persistence, login) are written with it.
/// - Only its message ID makes an answer fresh. An IKE SA whose INIT was unseen must have answered
///   once before an answer is fresh. A closing SA is still an SA. A backend's flush makes no old
///   answer fresh, and takes no login's beginning from it.
/// - A malformed datagram is a sign of life like a keepalive: it proves nothing more.
/// - An INIT's answer of a known IKE SA changes only its last_seen.
/// - Any answer to an INIT, also a COOKIE or another notify, is a choice for the client's next.
/// - An unknown SA's request is pending, a known SA's is not. Its retransmission goes to all
///   backends but those that are down and flushed.
/// - A backend that stands elsewhere or whose claim has another tag gets copies, if the bucket
///   allows. A main backend that drops the datagram takes the copies along.
/// - A claim is live, and has its rank, in any service of its backend.
/// - A backend whose predecessor is gone has the flow, and gets candidates once it is heard.
/// - A candidate belongs to its SPI, from any sender, and goes with its firm claim: it outlives an
///   empty budget. A datagram's change of its claim counts for its own copies.
/// - A claim that replaces a shared one takes its rank from all claims that were live before.
/// - A delete may be of a child: ESP of its tuple more than 5 s later restores the IKE SA.
/// - A round of questions is charged also if no other backend is up to be asked.
/// - If two buckets must allow an event, it takes a token of the first even if the second is empty:
///   of questions the source's, of nominations the IKE SA's, of copies the tuple's.
/// - A request that comes by the router of its flow's replies, or without a flow by the first
///   router that lives, records no router. A flow keeps its router as long as it lives, whether it
///   counts or not. The first router that lives stands in for one that is dead or does not lead to
///   the client; a request by a dead router has no router. A strong answer's router becomes its
///   flow's if the flow is its own, or if the answer changes the standers.
/// - A login above its source's share says of its SA no more than an INIT's answer.
/// - IKE_SESSION_RESUME's answer holds a nonce where IKE_SA_INIT's holds SA (RFC 5723).
/// - A later fragment follows its first one's main backend alone.
/// - Of IKEv1, ESP alone is speech: no flag tells its requests from its answers.
/// - Without an address for each VIP on the server, a reply's own IKE SPIs tell its VIP before its
///   place does: a new SA may be of another VIP. Then it is the VIP where the backend stands
///   highest at that place, or was heard last; a tie tells nothing.
class Oracle {
public:
    /// The keyed hash's choice for a client's datagram, by the current table or by the one before;
    /// -1: none.
    enum class Table : bool { current, previous };
    using Hash = std::function<int(const Event&, Table)>;

    /// Tells apart the places of one address that use one SPI, as well as the product can.
    using Tag = std::function<int(const Event&)>;

    Oracle(World world, Hash hash, Tag tag);

    Decision step(const Event& event);

    /// The product's choice for a datagram that the oracle decided as any_member.
    void chosen(const Event& event, int backend);
    bool may_be_chosen(int vip, int backend) const;

    /// Starts the next process, with the saved records of the last one or without.
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
        std::optional<Address> began{};           ///< address of the INIT's answer; none: unseen
        std::optional<std::uint32_t> answered{};  ///< the highest message ID
    };
    struct Login : Record {
        bool is_closing = false;  ///< a delete was hinted at, of the SA or of a child
        std::pair<std::uint64_t, std::uint64_t> ike_sa{};
    };
    struct Claim : Record {
        int tag = 0;             ///< of the client's port and the VIP
        int rank = 0;            ///< among those of one SPI
        bool is_shared = false;  ///< made while others were asked in full: decides nothing alone
    };
    struct Candidate : Record {  // last: since
        std::uint32_t sequence = 0;
        bool is_contested = false;  ///< another backend has had the SPI
    };
    struct Pending : Record {
        std::optional<int> router{};  ///< of the answer, if not the usual one
        int rounds = 0;  ///< of copies
    };
    struct Fragments {
        Decision decision;
        Seconds since = 0;
        std::optional<int> router{};  ///< the router of the first fragment's tuple
    };
    /// Backends to ask about ESP at a tuple.
    struct Asked {
        std::vector<Stander> standers{};
        std::vector<int> full{};
        Stander best{};  ///< of full: the flow's own, if it is one
        int main = -1;
        const char* rule = "";
    };

    using IkeSaKey = std::pair<std::uint64_t, std::uint64_t>;
    using Tuple = std::pair<Place, int>;                            // and VIP
    using PersistenceKey = std::pair<Address, int>;                 // and VIP
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
    bool is_left_out(int backend) const;  ///< down, and gets no packets
    std::set<int> takers(int vip) const;
    bool counts(const Record& record, int vip) const;
    bool is_current(const Record& record) const;
    Record record_of(int backend) const;

    // Records, only while they live and count for the VIP.
    Seconds life_of(State state) const;
    bool is_alive(const Pair& ike_sa) const { return now_ - ike_sa.last <= life_of(ike_sa.state); }
    Pair* ike_sa(const IkeSaKey& key, int vip);
    std::vector<Stander> standers(const Tuple& tuple);
    Record* persistence(const Address& client, int vip);
    PersistenceKey persistence_key(const Address& client, int vip) const;
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
    void learn_ike_sa(const Event& event, int vip, std::optional<State> proof);
    void note_answer(const Event& event, int vip);
    std::string learn_place(const Event& event, int vip, Said said, std::optional<int> way = {});
    std::optional<int> way_of_answer(const Event& event, int vip) const;
    bool is_v1_before_its_sa(const Event& event) const;
    bool may_add_place(const Event& event, Said its);
    bool may_nominate(const Event& event);
    void confirm_login(const Event& event);
    void learn_persistence(const Event& event, int vip);
    void renew(Pair& ike_sa, State proof) const;

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

    std::map<IkeSaKey, Pair> ike_sas_;
    std::map<Tuple, Standers> standers_;
    std::map<PersistenceKey, Record> persistences_;
    std::map<EspKey, Claim> claims_;

    /// State that a restart loses.
    struct Passing {
        std::map<ChoiceKey, Choice> choices;
        std::map<PendingKey, Pending> pending;
        std::map<std::uint32_t, Candidate> candidates;  ///< by SPI
        std::map<std::tuple<Address, std::uint16_t, int>, Login> logins;  ///< of a backend
        std::map<FragmentKey, Fragments> fragments;
        // Buckets, of each worker.
        std::map<std::pair<int, Tuple>, Bucket> copies, claims, candidate_tokens;
        std::map<std::tuple<int, IkeSaKey, std::uint32_t>, Bucket>
            nominations;  // of a login's step
        std::map<std::pair<int, IkeSaKey>, Bucket> fresh_answers_of_pair;
        std::map<std::pair<int, Address>, Bucket> nominations_of_source, speech_of_source,
            questions_of_source;
        std::map<std::tuple<int, Address, bool>, Bucket> logins_of_source;  // began there
        std::map<std::pair<int, int>, Bucket> questions_of_service, copies_of_service;
    };
    Passing passing_;
};

}  // namespace ikelb::oracle
