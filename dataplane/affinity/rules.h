// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <span>

#include "dataplane/affinity/found.h"

namespace ikelb::affinity {

// The rules that steer each kind of client datagram, in their order. The packet path, `ikelbctl
// explain` and docs/life-of-a-packet.md all walk these lists.

using pipeline::Rule, pipeline::Verdict;

/// Result of one rule.
struct Answer {
    bool is_hit = false;
    bool keeps_choice = false;  ///< retries and replies have to find the backend again
    BackendIndex backend = no_backend;
    Verdict verdict = Verdict::undecided;  ///< reason to drop a hit
};

/// Condition under which a rule is asked.
enum class When : std::uint8_t {
    always,
    by_source,           ///< with affinity by source
    nat_t_or_by_source,  ///< with affinity by SA, clients of one address share the flow to port 500
    request_by_source,   ///< a response begins nothing
};

struct RuleRow {
    Rule rule;
    When when;
    Answer (*answer)(Found&) noexcept;
};

std::span<const RuleRow> rules_of(Datagram kind) noexcept;

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

/// Returns the first hit of the datagram's rules; without a hit only the verdict is set. Writes no
/// record, but takes the scheduler's turn: call decide() once for a datagram.
Decision decide(Found& found) noexcept;

/// Asks the scheduler, for a client without a record.
Answer by_schedule(Found& found) noexcept;

/// The further backends to which a datagram is copied.
struct Others {
    BackendSet<Tuple::most_answered + Tuple::most_speakers + 5> full{};  ///< always
    decltype(full) copies{};  ///< within copies_per_tuple
    bool asks_all = false;    ///< every other backend too, within copies_per_service as well
};
/// True if a datagram that asks all lacks a copy for this backend. False of decision.backend, of
/// others.full and copies, of a backend that is down and flushed, and outside the service's pool.
bool is_one_of_all(const Found& found, const Decision& decision, const Others& others,
                   BackendIndex index) noexcept;

/// Returns true for a request under the keys of an SA that has neither a label nor a record.
bool is_of_unknown_sa(const Found& found, const Decision& decision) noexcept;

/// Servers are silent on foreign SPIs, so only the right server answers: ESP that no claim decides,
/// and IKE of an unknown SA, go to all backends that may have the SA.
Others others_of(Found& found, const Decision& decision) noexcept;

/// The keyed hash's choice, by client, with affinity by SA by new SA; no_backend: none takes it.
BackendIndex choose_by_hash(const Found& found) noexcept;

}  // namespace ikelb::affinity
