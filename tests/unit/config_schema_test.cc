// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/schema.h"

#include <array>
#include <filesystem>
#include <set>

#include "config/diff.h"
#include "config/document.h"
#include "config/document_schema.h"
#include "config/nearest.h"
#include "config/refusal.h"
#include "config/scalar.h"
#include "tests/unit/config_testlib.h"

namespace ikelb::config {
namespace {

using namespace std::chrono_literals;

std::filesystem::path source(std::string_view path) {
    return std::filesystem::path{IKELB_SOURCE_DIR} / path;
}

std::string text_of(std::string_view path) {
    const auto text = read_file(source(path));
    EXPECT_TRUE(text.has_value()) << path;
    return text ? *text : std::string{};
}

TEST(ConfigSchema, EveryKeyIsDocumentedAndHasItsParent) {
    std::set<std::string_view> paths;
    for (const Key& key : all_keys()) {
        EXPECT_TRUE(paths.insert(key.path).second) << key.path << " is there twice";
        EXPECT_TRUE(key.purpose.ends_with('.')) << key.path;
        EXPECT_TRUE(effect_of(key).ends_with('.')) << key.path;
        EXPECT_TRUE(key.parent->path.empty() || paths.contains(key.parent->path)) << key.path;
        EXPECT_NE(key.apply, Apply::as_parent) << key.path;
        EXPECT_NE(key.form, Form::of_the_type) << key.path;
        EXPECT_LE(key.range.min, key.range.max) << key.path;
        EXPECT_TRUE(refusal_of_key(key.name()).empty()) << key.path;
        const bool is_number =
            key.form == Form::integer || key.form == Form::duration || key.form == Form::rate;
        EXPECT_TRUE(!is_number || (!key.initial.empty() && key.range.max > 0)) << key.path;
        const bool is_leaf = key.form != Form::map && key.form != Form::list_of_maps;
        EXPECT_TRUE(!is_leaf || !key.initial.empty() || !key.example.empty()) << key.path;
    }
    EXPECT_EQ(find_key("pools[].health.icmp.rise")->initial, "2");
    EXPECT_EQ(find_key("abuse.logins_per_source")->initial, "10/s burst 2000");
    EXPECT_EQ(find_key("abuse.logins_per_source.burst"), nullptr);
}

TEST(ConfigSchema, ChildrenAreAppliedAsTheirParentUnlessTheySayElse) {
    EXPECT_EQ(find_key("ports[].mtu")->apply, restart);
    EXPECT_EQ(find_key("interfaces[].vlan")->apply, restart);
    EXPECT_EQ(find_key("interfaces[].addresses")->apply, live);
    EXPECT_EQ(find_key("pools[].backends[].weight")->apply, live);
    EXPECT_EQ(effect_of(*find_key("ports[].mtu")), "As for ports.");
    EXPECT_EQ(effect_of(*find_key("pools[].backends[].spi_label.esp_last")), "As for spi_label.");
    EXPECT_EQ(effect_of(*find_key("log.level")), "None.");
}

TEST(ConfigSchema, EveryExampleIsReadAsItStands) {
    // A list's example as a whole; all others beside what they need, or alone.
    for (const Key& key : all_keys()) {
        if (key.example.empty() || key.presence == Presence::required) continue;
        std::string yaml = "  " + std::string{key.name()} + ": " + std::string{key.example};
        for (const Key* map = key.parent; map != nullptr && !map->path.empty(); map = map->parent) {
            std::string others;
            if (map->form == Form::list_of_maps)
                for (const Key& other : map->keys)
                    if (other.presence == Presence::required && other.form != Form::list_of_maps)
                        others += ", " + std::string{other.name()} + ": '" +
                                  std::string{other.example} + "'";
            yaml = "{" + yaml + others + "}";
            if (map->form == Form::list_of_maps) yaml = "[" + yaml + "]";
            yaml = std::string{map->name()} + ": " + yaml;
        }
        for (const Finding& error : testing::parse_errors(yaml + "\n").list)
            EXPECT_TRUE(error.message.starts_with("is missing")) << yaml << error.to_string();
    }
}

TEST(ConfigReference, IsPrintedFromTheSchema) {
    EXPECT_EQ(text_of("config/reference.yaml"), reference_yaml());
}

TEST(ConfigReference, DocumentationIsPrintedFromTheSchema) {
    EXPECT_EQ(text_of("docs/configuration.md"), configuration_markdown());
}

TEST(ConfigReference, HoldsEveryKey) {
    const std::string text = reference_yaml();
    for (const Key& key : all_keys()) {
        const std::string name = std::string{key.name()} + ":";
        EXPECT_TRUE(text.find("\n" + name) != std::string::npos ||
                    text.find(" " + name) != std::string::npos)
            << key.path;
    }
}

TEST(ConfigReference, ParsesToTheDefaults) {
    const auto loaded = load_file(source("config/reference.yaml"));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().to_string();
    const Config minimal = testing::parse_good(
        "ports: [{name: wan, device: 'net_af_xdp0,iface=eth1'}]\n"
        "interfaces: [{name: ext, port: wan, side: both}]\n"
        "pools: [{name: rras, backends: [{name: rras1, address: 10.20.0.11}]}]\n"
        "services: [{name: aovpn, vip: 203.0.113.10, interface: ext, pool: rras}]\n");
    EXPECT_EQ(diff(minimal, loaded->config).to_string(), "");
    EXPECT_EQ(loaded->config, minimal);
}

TEST(ConfigExamples, LoadWithoutFindings) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{source("config/examples")}) {
        const auto loaded = load_file(entry.path());
        ASSERT_TRUE(loaded.has_value()) << loaded.error().to_string();
        EXPECT_EQ(loaded->warnings.to_string(), "");
        names.insert(entry.path().filename().string());
    }
    for (const char* const name :
         {"two-armed.yaml", "one-armed.yaml", "vlan.yaml", "two-isps.yaml"})
        EXPECT_TRUE(names.contains(name)) << name;
}

TEST(ConfigNearest, CountsEdits) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("weight", "weight"), 0u);
    EXPECT_EQ(edit_distance("weight", "wieght"), 1u);
    EXPECT_EQ(edit_distance("weight", "wight"), 1u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST(ConfigNearest, GivesNothingForUnknownSources) {
    const std::array<std::string_view, 3> names{"name", "address", "weight"};
    EXPECT_EQ(nearest("adress", names), "address");
    EXPECT_EQ(nearest("Name", names), "name");
    EXPECT_EQ(nearest("xyzzy", names), std::nullopt);
    EXPECT_EQ(nearest("", names), std::nullopt);
    EXPECT_EQ(nearest(std::string(1'000'000, 'a'), names), std::nullopt);
}

TEST(ConfigScalar, ReadsAndWritesDurations) {
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("5s"), 5s);
    EXPECT_EQ(parse_duration("45m"), 45min);
    EXPECT_EQ(parse_duration("24h"), 24h);
    EXPECT_EQ(parse_duration("7d"), 168h);
    for (const std::string_view bad : {"", "5", "s", "5 s", "5S", "-5s", "+5s", "1.5s", "5s5",
                                       "9223372036854775807s", "99999999999999999999ms"})
        EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
    EXPECT_EQ(to_string(0ms), "0s");
    EXPECT_EQ(to_string(1500ms), "1500ms");
    EXPECT_EQ(to_string(2700s), "45m");
    EXPECT_EQ(to_string(24h * 3), "72h");
}

TEST(ConfigScalar, ReadsAndWritesRates) {
    EXPECT_EQ(parse_rate("200/s burst 2000"), (Rate{.per_second = 200, .burst = 2000}));
    EXPECT_EQ(to_string(Rate{.per_second = 1, .burst = 10'000'000}), "1/s burst 10000000");
    for (const std::string_view bad :
         {"", "200", "200/s", "200/s burst", "200/s burst ", "/s burst 5", "200/s  burst 5",
          "200/m burst 5", "-1/s burst 5", "1/s burst -5", "1/s burst 4294967296", "a/s burst b"})
        EXPECT_EQ(parse_rate(bad), std::nullopt) << bad;
}

TEST(ConfigScalar, ReadsAndWritesEndpoints) {
    for (const std::string_view good : {"127.0.0.1:9465", "[::1]:80", "0.0.0.0:65535"}) {
        const auto endpoint = parse_endpoint(good);
        ASSERT_TRUE(endpoint.has_value()) << good;
        EXPECT_EQ(to_string(*endpoint), good);
    }
    for (const std::string_view bad : {"", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:0", "::1:80",
                                       "1.2.3.4:65536", "[1.2.3.4]:80", "[]:80", "[::1]", "a:1"})
        EXPECT_EQ(parse_endpoint(bad), std::nullopt) << bad;
}

TEST(ConfigScalar, QuotesCleanAndCut) {
    EXPECT_EQ(in_quotes("a\nb"), "'a?b'");
    EXPECT_EQ(in_quotes(std::string(61, 'a')), std::string{"'"}.append(60, 'a') + "...'");
    // Cut within a character: it is left out as a whole.
    EXPECT_EQ(in_quotes(std::string(59, 'a') + "\xc3\xbc" + "b"),
              std::string{"'"}.append(59, 'a') + "...'");
}

TEST(ConfigFinding, PrintsWhatItHas) {
    EXPECT_EQ((Finding{.file = "f", .line = 3, .path = "a.b", .message = "m"}.to_string()),
              "f:3: error: a.b: m");
    EXPECT_EQ((Finding{.line = 3, .message = "m"}.to_string()), "line 3: error: m");
    EXPECT_EQ((Finding{.severity = Severity::warning, .message = "m"}.to_string()), "warning: m");
}

}  // namespace
}  // namespace ikelb::config
