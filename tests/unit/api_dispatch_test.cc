// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/dispatch.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "controlplane/api/commands.h"
#include "tests/unit/api_fake_commands.h"

namespace ikelb::api {
namespace {

using nlohmann::json;

struct Case {
    const char* method;
    const char* target;
    const char* body;
    unsigned status;
    const char* result;  ///< the call for a 200, the error's text otherwise
};

TEST(Dispatch, FollowsTheTable) {
    constexpr const char* drain_body = R"(; send {"mode":"keep|refuse"}, keep if left out)";
    const std::string bad_json = std::string{"the body is not valid JSON"} + drain_body;
    const std::string not_object = std::string{"the body is not a JSON object"} + drain_body;
    const std::string bad_mode = std::string{"mode \"fast\" is unknown"} + drain_body;
    const std::string number_mode = std::string{"\"mode\" is not a string"} + drain_body;
    const std::string bad_key = std::string{"unknown key \"Mode\""} + drain_body;
    const char* const relative =
        R"("file" must be an absolute path; send {"file":"/absolute/path"})";
    const Case cases[] = {
        {"GET", "/v1/status", "", 200, "status"},
        {"GET", "/v1/backends", "", 200, "backends"},
        {"GET", "/v1/drops", "", 200, "drops"},
        {"GET", "/v1/version", "", 200, "version"},
        {"GET", "/v1/flows", "", 200, "flows * 1000"},
        {"GET", "/v1/flows?limit=5", "", 200, "flows * 5"},
        {"GET", "/v1/flows?client=192.0.2.1&limit=100000", "", 200, "flows 192.0.2.1 100000"},
        {"GET", "/v1/flows?client=2001:DB8:0::1", "", 200, "flows 2001:db8::1 1000"},
        {"GET", "/v1/flows?client=2001%3adb8%3a%3a1", "", 200, "flows 2001:db8::1 1000"},
        {"GET", "/v1/flows?client=me", "", 400,
         "client=me is not an IP address; write it like client=198.51.100.7"},
        {"GET", "/v1/flows?limit=0", "", 400, "limit=0 is not a number from 1 to 100000"},
        {"GET", "/v1/flows?limit=1x", "", 400, "limit=1x is not a number from 1 to 100000"},
        {"GET", "/v1/flows?limit=-1", "", 400, "limit=-1 is not a number from 1 to 100000"},
        {"GET", "/v1/flows?limit=100001", "", 400, "limit=100001 is not a number from 1 to 100000"},
        {"GET", "/v1/flows?clients=1", "", 400,
         "unknown parameter \"clients\"; /v1/flows takes client limit"},
        {"GET", "/v1/sessions", "", 200, "sessions * 0 * 0 1000"},
        {"GET", "/v1/sessions?client=192.0.2.1&spi=c0ffee&backend=a%20b&from=7&limit=100001", "",
         200, "sessions 192.0.2.1/32 c0ffee a b 7 100001"},
        {"GET", "/v1/sessions?client=192.0.2.0/24&spi=0xffffffffffffffff", "", 200,
         "sessions 192.0.2.0/24 ffffffffffffffff * 0 1000"},
        {"GET", "/v1/sessions?client=2001:DB8::%2F32", "", 200,
         "sessions 2001:db8::/32 0 * 0 1000"},
        {"GET", "/v1/sessions?client=2001:db8::1", "", 200, "sessions 2001:db8::1/128 0 * 0 1000"},
        {"GET", "/v1/sessions?client=192.0.2.0/33", "", 400,
         "client=192.0.2.0/33 is neither an IP address nor a prefix; write it like "
         "client=198.51.100.7 or client=198.51.100.0/24"},
        {"GET", "/v1/sessions?spi=0", "", 400, "spi=0 is no SPI; write it in hexadecimal"},
        {"GET", "/v1/sessions?spi=12345678901234567", "", 400,
         "spi=12345678901234567 is no SPI; write it in hexadecimal"},
        {"GET", "/v1/sessions?from=-1", "", 400,
         "from=-1 is no place to go on from; write the \"next\" of the answer before"},
        {"GET", "/v1/sessions?limit=100002", "", 400,
         "limit=100002 is not a number from 1 to 100001"},
        {"GET", "/v1/explain?client=192.0.2.1", "", 200, "explain 192.0.2.1 0 * 0:0 0"},
        {"GET", "/v1/explain?client=2001:db8::1&port=4500&vip=2001:DB8::2&spi=1a:0x2b&esp=c0", "",
         400, "esp=c0 is no SPI; write an ESP SPI in hexadecimal, 100 and more"},
        {"GET", "/v1/explain?client=2001:db8::1&port=4500&vip=2001:DB8::2&spi=1a:0x2b&esp=c00", "",
         200, "explain 2001:db8::1 4500 2001:db8::2 1a:2b c00"},
        {"GET", "/v1/explain", "", 400, "client is missing; write it like client=198.51.100.7"},
        {"GET", "/v1/explain?client=192.0.2.1&port=0", "", 400,
         "port=0 is not a number from 1 to 65535"},
        {"GET", "/v1/explain?client=192.0.2.1&port=65536", "", 400,
         "port=65536 is not a number from 1 to 65535"},
        {"GET", "/v1/explain?client=192.0.2.1&vip=x", "", 400,
         "vip=x is not an IP address; write it like vip=198.51.100.7"},
        {"GET", "/v1/explain?client=192.0.2.1&spi=1:0", "", 400,
         "spi=1:0 is no SPI; write the initiator's in hexadecimal, or both as SPIi:SPIr"},
        {"GET", "/v1/drops?x", "", 400, "unknown parameter \"x\"; /v1/drops takes none"},
        {"POST", "/v1/backends/rras1/drain", "", 200, "drain rras1 keep"},
        {"POST", "/v1/backends/rras1/drain", "{}", 200, "drain rras1 keep"},
        {"POST", "/v1/backends/rras1/drain", R"({"mode":"keep"})", 200, "drain rras1 keep"},
        {"POST", "/v1/backends/rras1/drain", R"( {"mode" : "refuse"} )", 200, "drain rras1 refuse"},
        {"POST", "/v1/backends/rras1/drain", R"({"mode":"fast"})", 400, bad_mode.c_str()},
        {"POST", "/v1/backends/rras1/drain", R"({"mode":1})", 400, number_mode.c_str()},
        {"POST", "/v1/backends/rras1/drain", R"({"Mode":"keep"})", 400, bad_key.c_str()},
        {"POST", "/v1/backends/rras1/drain", R"({"mode":)", 400, bad_json.c_str()},
        {"POST", "/v1/backends/rras1/drain", "[]", 400, not_object.c_str()},
        {"POST", "/v1/backends/rras1/enable", "", 200, "enable rras1"},
        {"POST", "/v1/backends/nobody/enable", "", 404, "there is no backend \"nobody\""},
        {"POST", "/v1/backends/a%2Fb/disable", "{}", 200, "disable a/b"},
        {"POST", "/v1/backends/rras1/disable", R"({"now":1})", 400,
         "/v1/backends/{name}/disable takes no body"},
        {"GET", "/v1/diff", "", 200, "diff *"},
        {"GET", "/v1/diff?file=/etc/a%20b.yaml", "", 200, "diff /etc/a b.yaml"},
        {"GET", "/v1/diff?file=ikelb.yaml", "", 400,
         "file must be an absolute path, like file=/etc/ikelb/ikelb.yaml"},
        {"POST", "/v1/reload", "", 200, "reload"},
        {"POST", "/v1/check", R"({"file":"/etc/ikelb.yaml"})", 200, "check /etc/ikelb.yaml"},
        {"POST", "/v1/check", R"({"file":"ikelb.yaml"})", 400, relative},
        {"POST", "/v1/check", "", 400, relative},
        {"GET", "/", "", 404, "there is no /; see ikelbctl --help"},
        {"GET", "/v1/status/", "", 404, "there is no /v1/status/; see ikelbctl --help"},
        {"POST", "/v1/backends//drain", "", 404,
         "there is no /v1/backends//drain; see ikelbctl --help"},
        {"POST", "/v1/backends/a/b/drain", "", 404,
         "there is no /v1/backends/a/b/drain; see ikelbctl --help"},
        {"POST", "/v1/backends/%zz/drain", "", 404,
         "there is no /v1/backends/%zz/drain; see ikelbctl --help"},
        {"POST", "/v1/status", "", 405, "/v1/status does not take POST; use GET"},
        {"GET", "/v1/reload", "", 405, "/v1/reload does not take GET; use POST"},
        {"DELETE", "/v1/backends/a/drain", "", 405,
         "/v1/backends/a/drain does not take DELETE; use POST"},
    };
    for (const Case& test : cases) {
        SCOPED_TRACE(std::string{test.method} + " " + test.target + " " + test.body);
        FakeCommands commands;
        const Response response = dispatch(
            commands.handler(), {.method = test.method, .target = test.target, .body = test.body});
        EXPECT_EQ(response.status, test.status);
        const json body = json::parse(response.body, nullptr, false);
        ASSERT_TRUE(body.is_object()) << response.body;
        EXPECT_EQ(body.value(test.status == 200 ? "did" : "error", ""), test.result);
        EXPECT_EQ(commands.calls.size(), test.status == 200 ? 1U : 0U);
        EXPECT_EQ(response.allow.empty(), test.status != 405);
        EXPECT_TRUE(response.body.ends_with("\n"));
    }
}

TEST(Dispatch, AllowNamesTheMethod) {
    FakeCommands commands;
    EXPECT_EQ(
        dispatch(commands.handler(), {.method = "PUT", .target = "/v1/reload", .body = ""}).allow,
        "POST");
    EXPECT_EQ(
        dispatch(commands.handler(), {.method = "PUT", .target = "/v1/drops", .body = ""}).allow,
        "GET");
}

TEST(Dispatch, AnExceptionIsA500WithItsText) {
    FakeCommands commands;
    commands.explode = true;
    const Response response =
        dispatch(commands.handler(), {.method = "POST", .target = "/v1/reload", .body = ""});
    EXPECT_EQ(response.status, 500U);
    EXPECT_EQ(json::parse(response.body).at("error"), "boom");
}

TEST(Dispatch, WhatIsNotUtf8IsQuotedWithoutHarm) {
    FakeCommands commands;
    const Response response =
        dispatch(commands.handler(), {.method = "GET", .target = "/\xff\xfe", .body = ""});
    EXPECT_EQ(response.status, 404U);
    EXPECT_TRUE(json::parse(response.body, nullptr, false).is_object());
}

TEST(Dispatch, NoiseGetsAnErrorOrAnAnswer) {
    std::mt19937 random{5};
    FakeCommands fake;
    const std::string alphabet = "/v1backendsfl?=&%{}\":[],. \x80";
    const auto noise = [&](std::size_t most) {
        std::string text(random() % most, ' ');
        for (char& c : text) c = alphabet[random() % alphabet.size()];
        return text;
    };
    for (int i = 0; i < 20000; ++i) {
        const Command& one = commands()[random() % commands().size()];
        const std::string target = path_of(one, noise(6)) + noise(8);
        const std::string body = noise(12);
        const Response response = dispatch(
            fake.handler(), {.method = to_string(one.method), .target = target, .body = body});
        ASSERT_TRUE(response.status == 200 || (response.status >= 400 && response.status < 500))
            << target << " " << response.status;
    }
}

TEST(Commands, PathsMatchThemselvesAndEncodeNames) {
    for (const Command& one : commands()) {
        const bool named = one.path.find("{name}") != std::string_view::npos;
        const std::string path = path_of(one, "a b/c%");
        EXPECT_EQ(match_path(one, path), named ? "a b/c%" : "");
        EXPECT_FALSE(one.summary.empty());
        EXPECT_FALSE(one.answer.empty());
    }
}

TEST(Commands, TheirArgumentsAreWhole) {
    for (const Command& one : commands())
        for (const Argument& argument : one.list()) {
            SCOPED_TRACE(std::string{one.name} + " " + std::string{argument.name});
            EXPECT_EQ(one.find(argument.name), &argument) << "twice";
            EXPECT_EQ(argument.help.empty(), argument.place == Place::api_only);
            EXPECT_EQ(argument.form.empty(), argument.place == Place::api_only);
            if (argument.place == Place::path)
                EXPECT_NE(one.path.find("{name}"), std::string_view::npos);
            else
                EXPECT_EQ(one.body.empty(), one.method == Method::get);
        }
}

TEST(Commands, PercentEncodingIsUndone) {
    std::mt19937 random{6};
    for (int i = 0; i < 2000; ++i) {
        std::string text(random() % 20, 'x');
        for (char& c : text) c = static_cast<char>(1 + random() % 255);
        ASSERT_EQ(percent_decode(percent_encode(text)), text);
    }
    EXPECT_EQ(percent_decode("%"), std::nullopt);
    EXPECT_EQ(percent_decode("%4"), std::nullopt);
    EXPECT_EQ(percent_decode("%4g"), std::nullopt);
    EXPECT_EQ(percent_decode("%00"), std::nullopt);
}

}  // namespace
}  // namespace ikelb::api
