// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/net/address.h"
#include "dataplane/packet/context.h"
#include "dataplane/packet/verdict.h"

namespace ikelb::inspect {

/// A client's datagram to ask about.
struct Question {
    enum class Kind : std::uint8_t {
        new_sa,  ///< a request for a new IKE SA
        ike,     ///< IKE of an SA that has both SPIs
        esp,     ///< ESP in UDP, port 4500
    };
    Kind kind = Kind::new_sa;
    net::IpAddress client{};
    std::uint16_t port = 0;
    forwarding::FrontendIndex frontend = 0;  ///< of the client's family
    std::uint64_t initiator_spi = 0;     ///< host byte order, not 0; of IKE
    std::uint64_t responder_spi = 0;
    std::uint32_t esp_spi = 0;           ///< 256 and more; of ESP
};

enum class RuleOutcome : std::uint8_t {
    miss,
    hit,
    backend_down,  ///< a hit, but the packet is dropped
};

struct RecordSeen {
    std::string_view state{};  ///< empty: the record has no state
    forwarding::Seconds last_seen = 0;
};

/// A rule's own answer, whatever the rules before it answer.
struct RuleAnswer {
    pipeline::Rule rule = pipeline::Rule::none;
    RuleOutcome outcome = RuleOutcome::miss;
    forwarding::BackendIndex backend = forwarding::no_backend;
    std::optional<RecordSeen> record{};        ///< behind the answer, if there is one
    std::optional<forwarding::Seconds> age{};  ///< of the record; IKE SAs alone have one
};

struct Explanation {
    /// undecided: steering forwards the packet to the backend.
    pipeline::Verdict verdict = pipeline::Verdict::undecided;
    pipeline::Rule rule = pipeline::Rule::none;  ///< the deciding rule
    forwarding::BackendIndex backend = forwarding::no_backend;
    /// ESP without a deciding claim: `also` always gets it too; `copies` gets it while the share of
    /// the client's address and port allows.
    std::vector<forwarding::BackendIndex> also{};
    std::vector<forwarding::BackendIndex> copies{};
    std::vector<RuleAnswer> rules{};  ///< in the order of the rules
    /// The verdict without any rule; undecided where the scheduler is the last rule.
    pipeline::Verdict otherwise = pipeline::Verdict::undecided;
};

/// Asks the steering rules, in their order, about a crafted datagram. Changes nothing in the
/// session tables, and reads them beside the workers. One thread.
class Explainer {
public:
    /// All outlive this.
    Explainer(const forwarding::ForwardingTable& table, sessions::SessionTables& sessions,
              forwarding::Seconds now);

    Explanation explain(const Question& question);

private:
    // Discarded: they count and spend no traffic.
    const std::unique_ptr<pipeline::Counters> counters_;
    const std::unique_ptr<pipeline::WorkerMemory> memory_;
    const pipeline::Context context_;
};

}  // namespace ikelb::inspect
