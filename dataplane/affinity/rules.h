// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <span>

#include "dataplane/affinity/found.h"

namespace ikelb::affinity {

// Where a client's datagram goes: the rules of each kind of datagram in their order. The packet
// path, `ikelbctl explain` and docs/life-of-a-packet.md all walk these lists.

using pipeline::Rule, pipeline::Verdict;

/// What one rule says.
struct Answer {
    bool is_hit = false;
    bool keeps_choice = false;  ///< retries and replies have to find it again
    BackendIndex backend = no_backend;
    Verdict verdict = Verdict::undecided;  ///< of a hit that is dropped
};

/// When a rule is asked at all.
enum class When : std::uint8_t {
    always,
    by_source,           ///< with affinity by source
    nat_t_or_by_source,  ///< by SA, clients of one address share the flow to port 500
    request_by_source,   ///< a response begins nothing
};

struct RuleRow {
    Rule rule;
    When when;
    Answer (*answer)(Found&) noexcept;
};

std::span<const RuleRow> rules_of(Datagram kind) noexcept;

/// Is the rule asked about this datagram?
inline bool is_asked(const RuleRow& row, const Found& found) noexcept {
    switch (row.when) {
        case When::always: return true;
        case When::by_source: return found.is_by_source();
        case When::nat_t_or_by_source:
            return found.is_by_source() ||
                   found.packet.destination_port == net::be16::from_host(net::port_nat_t);
        case When::request_by_source: return found.is_by_source() && !is_response(found.packet);
    }
    return true;
}

struct Decision : Answer {
    Rule rule = Rule::none;
    bool asks_all = false;  ///< see may_ask_all()
};

/// The first hit of the datagram's rules; none: the verdict alone. Writes no record, but takes the
/// scheduler's turn: call it once for a datagram.
Decision decide(Found& found) noexcept;

/// By the scheduler, for a client that no record knows.
Answer by_schedule(Found& found) noexcept;

/// The further backends to which a datagram is copied.
struct Others {
    BackendSet<Tuple::most_answered + Tuple::most_speakers + 5> full{};  ///< always
    decltype(full) copies{};  ///< within copies_per_tuple
    bool asks_all = false;    ///< then every other one, within copies_per_service as well
};
/// Does this backend still lack a copy of a datagram that asks all? False of the decision's own, of
/// those in full and copies, of one that is down and flushed, and outside the service's pool.
bool is_one_of_all(const Found& found, const Decision& decision, const Others& others,
                   BackendIndex index) noexcept;

/// A request by the keys of an SA whose label and pair nobody knows.
bool is_of_unknown_sa(const Found& found, const Decision& decision) noexcept;

/// Servers are silent on SPIs that are not theirs, so the right one of them speaks: ESP that no
/// claim decides, and IKE of an unknown SA, is asked of all who may have it.
Others others_of(Found& found, const Decision& decision) noexcept;

/// The keyed hash's choice: of the client, by SA of the new SA. no_backend: nobody takes it.
BackendIndex choose_by_hash(const Found& found) noexcept;

}  // namespace ikelb::affinity
