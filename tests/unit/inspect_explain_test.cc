// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/inspect/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "controlplane/inspect/as_json.h"
#include "tests/testlib/bench.h"

namespace ikelb::inspect {
namespace {

using namespace testlib;
using namespace testlib::place;
using pipeline::Rule;
using pipeline::Verdict;
using forwarding::BackendIndex;
using Kind = Question::Kind;

constexpr std::uint32_t learned_spi = 0xc0000001;

class Explain : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    Explanation ask(const Question& question) {
        return Explainer{bench.table(), bench.sessions(), bench.now()}.explain(question);
    }
    Question ike(const testlib::Session& session, const char* from = client,
                 std::uint16_t port = 4500) {
        return {.kind = Kind::ike,
                .client = address(from),
                .port = port,
                .frontend = 1,
                .initiator_spi = session.spi_i,
                .responder_spi = session.spi_r};
    }
    Question esp(std::uint32_t spi, const char* from = client, std::uint16_t port = 4500) {
        return {.kind = Kind::esp,
                .client = address(from),
                .port = port,
                .frontend = 1,
                .esp_spi = spi};
    }
    Question new_sa(const char* from, std::uint64_t spi = 0x4242) {
        return {.kind = Kind::new_sa,
                .client = address(from),
                .port = 500,
                .frontend = 0,
                .initiator_spi = spi};
    }
    static const RuleAnswer* find(const Explanation& explanation, Rule rule) {
        const auto at = std::ranges::find(explanation.rules, rule, &RuleAnswer::rule);
        return at == explanation.rules.end() ? nullptr : &*at;
    }
    static RuleOutcome outcome(const Explanation& explanation, Rule rule) {
        const RuleAnswer* const answer = find(explanation, rule);
        EXPECT_NE(answer, nullptr);
        return answer == nullptr ? RuleOutcome::miss : answer->outcome;
    }
    /// Enough for a client's ESP SPI to be believed.
    testlib::Session log_in_with_esp() {
        const testlib::Session session = log_in(bench);
        for (std::uint32_t i = 1; i <= 2; ++i) {
            bench.from_client(to_vip(client, 4500, 4500, testlib::esp(learned_spi, 64, 10 * i))
                                  .no_udp_checksum());
            bench.advance(1);
            bench.from_server(session.esp_down());
        }
        return session;
    }
};

TEST_F(Explain, AKnownSaGoesByItsPairAndTheNextRulesAreTold) {
    const testlib::Session session = log_in(bench);
    bench.advance(10);
    const Explanation told = ask(ike(session));
    EXPECT_EQ(told.verdict, Verdict::undecided);
    EXPECT_EQ(told.rule, Rule::pair);
    EXPECT_EQ(told.backend, session.backend);
    ASSERT_EQ(told.rules.size(), 5u);
    EXPECT_EQ(outcome(told, Rule::label), RuleOutcome::miss);
    EXPECT_EQ(outcome(told, Rule::pair), RuleOutcome::hit);
    EXPECT_EQ(outcome(told, Rule::flow), RuleOutcome::hit);
    EXPECT_EQ(outcome(told, Rule::binding), RuleOutcome::hit);
    EXPECT_EQ(outcome(told, Rule::schedule), RuleOutcome::hit);
    ASSERT_TRUE(find(told, Rule::pair)->record);
    EXPECT_EQ(find(told, Rule::pair)->record->state, "established");
    EXPECT_EQ(find(told, Rule::flow)->record->state, "spoke");
    EXPECT_EQ(find(told, Rule::binding)->record->state, "");
    EXPECT_TRUE(find(told, Rule::pair)->age);
    EXPECT_FALSE(find(told, Rule::schedule)->record);
}

TEST_F(Explain, ARoamerGoesByItsPairAlone) {
    const testlib::Session session = log_in(bench);
    const Explanation told = ask(ike(session, other_client, 7000));
    EXPECT_EQ(told.rule, Rule::pair);
    EXPECT_EQ(told.backend, session.backend);
    EXPECT_EQ(outcome(told, Rule::flow), RuleOutcome::miss);
    EXPECT_EQ(outcome(told, Rule::binding), RuleOutcome::miss);
}

TEST_F(Explain, ANewSaOfABoundClientGoesBack) {
    const testlib::Session session = log_in(bench);
    const Explanation told = ask(new_sa(client));
    EXPECT_EQ(told.rule, Rule::binding);
    EXPECT_EQ(told.backend, session.backend);
    const Explanation unknown = ask(new_sa(other_client));
    EXPECT_EQ(unknown.rule, Rule::schedule);
    EXPECT_EQ(unknown.rules.size(), 3u);
}

TEST_F(Explain, EspOfAClaimedSpiGoesToItsBackendAlone) {
    const testlib::Session session = log_in_with_esp();
    const Explanation told = ask(esp(learned_spi));
    EXPECT_EQ(told.backend, session.backend);
    EXPECT_EQ(told.rule, Rule::esp_client);
    EXPECT_TRUE(told.also.empty());
    EXPECT_TRUE(told.copies.empty());
    EXPECT_EQ(outcome(told, Rule::flow), RuleOutcome::hit);
    const Explanation elsewhere = ask(esp(learned_spi, other_client, 7000));
    EXPECT_EQ(elsewhere.rule, Rule::esp_spi);
    EXPECT_EQ(elsewhere.backend, session.backend);
}

TEST_F(Explain, OfTwoClaimsTheOlderLeadsAndAllOthersGetACopyTheClaimantFirst) {
    const testlib::Session session = log_in_with_esp();
    const auto rival = static_cast<BackendIndex>((session.backend + 2) % 3);
    bench.sessions().claims.write(
        sessions::esp_key(address("192.0.2.77"), net::be32::from_host(learned_spi)),
        {.backend = {.index = rival}, .rank = 1, .last_seen = bench.now()}, bench.table().timeouts,
        bench.now(), sessions::Evict::never);
    const Explanation told = ask(esp(learned_spi, other_client, 7000));
    EXPECT_EQ(told.rule, Rule::esp_spi);
    EXPECT_EQ(told.backend, session.backend);
    const auto third = static_cast<BackendIndex>((session.backend + 1) % 3);
    EXPECT_EQ(told.copies, (std::vector{rival, third}));
    EXPECT_TRUE(told.also.empty());
}

TEST_F(Explain, EspOfAnUnknownSpiIsAskedOfAllWhoSpeakThere) {
    const testlib::Session session = log_in(bench);
    testlib::Session later = session;
    later.backend = static_cast<BackendIndex>((session.backend + 1) % 3);
    bench.from_server(later.esp_down());
    const Explanation told = ask(esp(0xc0007777));
    EXPECT_EQ(told.rule, Rule::flow);
    EXPECT_EQ(told.backend, later.backend) << "the last to speak";
    EXPECT_EQ(told.also, std::vector{session.backend});
    EXPECT_EQ(find(told, Rule::flow)->record->state, "spoke");
    EXPECT_TRUE(ask(ike(session)).also.empty()) << "ESP alone";
}

TEST_F(Explain, ADownBackendIsNamedWithTheDrop) {
    const testlib::Session session = log_in(bench);
    bench.spec.backends[session.backend].is_up = false;
    bench.spec.backends[session.backend].flush_on_down = true;
    bench.apply();
    const Explanation told = ask(ike(session));
    EXPECT_EQ(told.verdict, Verdict::backend_down);
    EXPECT_EQ(told.rule, Rule::pair);
    EXPECT_EQ(outcome(told, Rule::pair), RuleOutcome::backend_down);
    EXPECT_EQ(find(told, Rule::pair)->backend, session.backend);
}

TEST_F(Explain, WithAffinityBySaThereIsNoBindingAndAnUnknownSaIsDropped) {
    bench.spec.services[0].affinity = forwarding::Affinity::sa;
    bench.apply();
    const Explanation told = ask(ike({.spi_i = 0x1, .spi_r = 0x2}));
    EXPECT_EQ(told.verdict, Verdict::unknown_sa);
    EXPECT_EQ(told.rule, Rule::none);
    EXPECT_EQ(told.otherwise, Verdict::unknown_sa);
    EXPECT_EQ(find(told, Rule::binding), nullptr);
    EXPECT_EQ(find(told, Rule::schedule), nullptr);
    const Explanation fresh = ask(new_sa(client));
    EXPECT_EQ(fresh.rule, Rule::schedule);
    EXPECT_EQ(find(fresh, Rule::binding), nullptr);
}

TEST_F(Explain, ALabelGoesFirst) {
    const testlib::Session session = log_in(bench);
    const auto marked = static_cast<BackendIndex>((session.backend + 1) % 3);
    bench.spec.backends[marked].label = {.ike_mask = 0xff, .ike_value = session.spi_r & 0xff};
    bench.apply();
    const Explanation told = ask(ike(session));
    EXPECT_EQ(told.rule, Rule::label);
    EXPECT_EQ(told.backend, marked);
    EXPECT_EQ(find(told, Rule::pair)->backend, session.backend) << "what would come next";
}

TEST_F(Explain, NoServerForNewClientsIsSaid) {
    for (BackendIndex b = 0; b < 3; ++b) bench.spec.backends[b].weight = 0;
    bench.apply();
    const Explanation told = ask(new_sa(client));
    EXPECT_EQ(told.verdict, Verdict::no_backend);
    EXPECT_EQ(told.otherwise, Verdict::no_backend);
    EXPECT_EQ(outcome(told, Rule::schedule), RuleOutcome::miss);
}

TEST_F(Explain, HitsComeInTheOrderThatIsPrinted) {
    log_in_with_esp();
    const testlib::Session other =
        log_in(bench, {.client = other_client, .spi_i = 0x5, .spi_r = 0x6});
    for (const Question& question :
         {ike(other), ike(other, other_client), esp(learned_spi), esp(learned_spi, other_client),
          esp(0xc0001234), new_sa(client), new_sa(other_client)}) {
        const Explanation told = ask(question);
        const auto first = std::ranges::find_if(told.rules, [](const RuleAnswer& answer) {
            return answer.outcome == RuleOutcome::hit;
        });
        ASSERT_NE(first, told.rules.end());
        EXPECT_EQ(first->backend, told.backend);
        EXPECT_EQ(first->rule, told.rule);
    }
}

/// Asking must agree with the packet path, and change nothing for it.
TEST_F(Explain, PropertyThePacketGoesWhereItSaysAndAskingLeavesNoTrace) {
    const testlib::Session session = log_in_with_esp();
    std::mt19937 random{7};
    const auto counted = [this] {
        std::uint64_t sum = bench.counters().spi_collisions.read();
        for (const auto& steered : bench.counters().steered) sum += steered.read();
        return sum;
    };
    const auto records = [this] {
        std::size_t count = 0;
        const auto visit = [&count](const auto&, const auto&) { ++count; };
        auto& d = bench.sessions();
        d.choices.for_each(0, d.choices.buckets(), visit);
        d.claims.for_each(0, d.claims.buckets(), visit);
        d.candidates.for_each(0, d.candidates.buckets(), visit);
        d.pending.for_each(0, d.pending.buckets(), visit);
        return count;
    };
    for (int i = 0; i < 300; ++i) {
        const std::string from = "192.0.2." + std::to_string(random() % 3 + 1);
        const char* const who = random() % 2 == 0 ? client : from.c_str();
        const auto port =
            static_cast<std::uint16_t>(random() % 2 == 0 ? 4500 : 5000 + random() % 3);
        const std::uint32_t spi = random() % 2 == 0 ? learned_spi : 0xc0005000u + random() % 4;
        const bool is_esp = random() % 2 == 0;
        testlib::Session who_is = session;
        if (random() % 2 == 0) who_is.spi_r ^= 0xff;
        who_is.client = who;
        who_is.port_4500 = port;
        const auto counters_before = counted();
        const auto records_before = records();
        const Explanation told = ask(is_esp ? esp(spi, who, port) : ike(who_is, who, port));
        ASSERT_EQ(counted(), counters_before);
        ASSERT_EQ(records(), records_before);
        const auto sent = bench.from_client(is_esp ? who_is.esp_up(spi) : who_is.dpd());
        if (name(sent.verdict) == "to_server") {
            ASSERT_EQ(sent.backend, told.backend) << "round " << i;
        }
    }
}

TEST_F(Explain, AnAnswerAsJson) {
    const testlib::Session session = log_in(bench);
    const Question question = ike(session);
    const IndexNames names{.backends = {"rras1", "rras2", "rras3"}, .services = {"aovpn"}};
    bench.advance(4);
    const nlohmann::json answer =
        as_json(question, ask(question), bench.table(), bench.now(), names);
    EXPECT_EQ(answer.at("datagram"), "IKE");
    EXPECT_EQ(answer.at("spi"), "1111111111111111:9999999999999999");
    EXPECT_EQ(answer.at("backend"), names.backends[session.backend]);
    EXPECT_EQ(answer.at("rule"), "pair");
    EXPECT_TRUE(answer.at("drop").is_null());
    EXPECT_EQ(answer.at("vip"), vip);
    EXPECT_EQ(answer.at("vip_port"), 4500);
    EXPECT_EQ(answer.at("rules").at(1).at("rule"), "pair");
    EXPECT_EQ(answer.at("rules").at(1).at("outcome"), "hit");
    EXPECT_EQ(answer.at("rules").at(1).at("state"), "established");
    EXPECT_EQ(answer.at("rules").at(1).at("idle_s"), 4);
    EXPECT_EQ(answer.at("rules").at(0).at("outcome"), "miss");
    EXPECT_TRUE(answer.at("rules").at(0).at("backend").is_null());
}

}  // namespace
}  // namespace ikelb::inspect
