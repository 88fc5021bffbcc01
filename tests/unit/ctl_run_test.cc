// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// ikelbctl against a real AdminServer on a thread of its own, and the completion in real shells.
#include "controlplane/ctl/run.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "controlplane/api/admin_server.h"
#include "tests/unit/api_fake_commands.h"

namespace ikelb::ctl {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
namespace fs = std::filesystem;

struct Outcome {
    int status;
    std::string out;
    std::string err;
};

Outcome ikelbctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ikelbctl");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    std::ostringstream out;
    std::ostringstream err;
    const ExitStatus status = run_ikelbctl(static_cast<int>(argv.size()), argv.data(), out, err, 0);
    return {static_cast<int>(status), out.str(), err.str()};
}

class IkelbctlTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("ikelb-ctl-" + std::to_string(getpid()));
        fs::create_directories(folder_);
        socket_ = (folder_ / "admin.sock").string();
    }
    void TearDown() override {
        stop_daemon();
        fs::remove_all(folder_);
    }
    void start_daemon() {
        auto started = api::AdminServer::start(io_.get_executor(), {.socket_path = socket_},
                                               commands_.handler());
        ASSERT_TRUE(started) << started.error().message;
        server_ = std::move(*started);
        thread_ = std::thread{[this] { io_.run(); }};
    }
    void stop_daemon() {
        io_.stop();
        if (thread_.joinable()) thread_.join();
        server_.reset();
    }
    /// With the socket of this test.
    Outcome run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"--socket", socket_});
        return ikelbctl(std::move(arguments));
    }
    std::string write_file(const std::string& name, const std::string& text) {
        std::ofstream{folder_ / name} << text;
        return (folder_ / name).string();
    }

    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    fs::path folder_;
    std::string socket_;
    api::FakeCommands commands_;
    std::unique_ptr<api::AdminServer> server_;
    std::thread thread_;
};

TEST_F(IkelbctlTest, EveryCommandReachesTheDaemon) {
    start_daemon();
    struct Case {
        std::vector<std::string> arguments;
        const char* call;
    };
    const Case cases[] = {
        {{"status"}, "status"},
        {{"backends"}, "backends"},
        {{"flows"}, "flows * 1000"},
        {{"flows", "--client", "2001:DB8::1", "--limit", "7"}, "flows 2001:db8::1 7"},
        {{"drops"}, "drops"},
        {{"version"}, "version"},
        {{"drain", "rras1"}, "drain rras1 keep"},
        {{"drain", "rras1", "--mode", "refuse"}, "drain rras1 refuse"},
        {{"drain", "--mode=keep", "a b/c"}, "drain a b/c keep"},
        {{"enable", "rras1"}, "enable rras1"},
        {{"disable", "rras1"}, "disable rras1"},
        {{"diff"}, "diff *"},
        {{"diff", "/etc/a b.yaml"}, "diff /etc/a b.yaml"},
        {{"reload"}, "reload"},
    };
    std::size_t calls = 0;
    for (const Case& test : cases) {
        SCOPED_TRACE(test.call);
        auto arguments = test.arguments;
        arguments.push_back("--json");
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        EXPECT_EQ(outcome.out, std::string{"{\"did\":\""} + test.call + "\"}\n");
        ASSERT_EQ(commands_.calls.size(), ++calls);
        EXPECT_EQ(commands_.calls.back(), test.call);
    }
}

TEST_F(IkelbctlTest, PeopleGetTables) {
    start_daemon();
    commands_.answer = {{"backends", {{{"name", "rras1"}, {"state", "up"}}, {{"name", "rras2"}}}}};
    EXPECT_EQ(run({"backends"}).out.find("NAME   ADDRESS"), 0U);
    EXPECT_EQ(run({"backends", "--names"}).out, "rras1\nrras2\n");
    commands_.answer = {{"version", "9.9.9"}};
    const std::string versions = run({"version"}).out;
    EXPECT_TRUE(versions.starts_with("ikelbctl: ")) << versions;
    EXPECT_TRUE(versions.ends_with("\nikelbd: 9.9.9\n")) << versions;
    commands_.answer = nlohmann::json::object();
    EXPECT_EQ(run({"enable", "rras1"}).out, "done\n");
}

TEST_F(IkelbctlTest, ARefusalIs1WithTheDaemonsWords) {
    start_daemon();
    const Outcome outcome = run({"enable", "nobody"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "ikelbctl: there is no backend \"nobody\"\n");
    const Outcome raw = run({"--json", "enable", "nobody"});
    EXPECT_EQ(raw.status, 1);
    EXPECT_EQ(raw.out, "{\"error\":\"there is no backend \\\"nobody\\\"\"}\n");
}

TEST_F(IkelbctlTest, SessionsGoOnFromSliceToSliceUntilThereAreEnough) {
    const auto slice = [](std::initializer_list<const char*> clients, json next) {
        json rows = json::array();
        for (const char* client : clients) rows.push_back({{"client", client}});
        return json{{"sessions", rows}, {"next", std::move(next)}};
    };
    start_daemon();
    commands_.session_slices = {slice({"a", "b"}, 10), slice({}, 20), slice({"c"}, nullptr)};
    const Outcome all = run({"--json", "sessions", "--client", "192.0.2.0/24", "--spi", "c0ffee"});
    EXPECT_EQ(all.status, 0) << all.err;
    const json answer = json::parse(all.out);
    EXPECT_EQ(answer.at("sessions").size(), 3u);
    EXPECT_EQ(answer.at("sessions").at(2).at("client"), "c");
    EXPECT_EQ(answer.at("truncated"), false);
    EXPECT_EQ(commands_.calls, (std::vector<std::string>{
                                   "sessions 192.0.2.0/24 c0ffee * 0 1001",
                                   "sessions 192.0.2.0/24 c0ffee * 10 999",
                                   "sessions 192.0.2.0/24 c0ffee * 20 999"}));

    commands_.calls.clear();
    commands_.session_slices = {slice({"a", "b"}, 10), slice({"c", "d"}, 20), slice({"e"}, 30)};
    const Outcome two = run({"--json", "sessions", "--limit", "2", "--backend", "rras1"});
    EXPECT_EQ(json::parse(two.out).at("sessions").size(), 2u);
    EXPECT_EQ(json::parse(two.out).at("truncated"), true);
    EXPECT_EQ(commands_.calls, (std::vector<std::string>{"sessions * 0 rras1 0 3",
                                                         "sessions * 0 rras1 10 1"}));

    commands_.session_slices = {slice({"a", "b"}, nullptr)};
    EXPECT_EQ(json::parse(run({"--json", "sessions", "--limit", "2"}).out).at("truncated"), false);
    const Outcome refused = run({"sessions", "--client", "me"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("client=me is neither an IP address nor a prefix"),
              std::string::npos);
}

TEST_F(IkelbctlTest, ExplainTakesAnAddressWithOrWithoutAPort) {
    start_daemon();
    for (const char* client : {"192.0.2.1", "192.0.2.1:4501", "2001:db8::1", "[2001:db8::1]",
                               "[2001:db8::1]:4501"})
        EXPECT_EQ(run({"explain", "--client", client}).status, 0) << client;
    EXPECT_EQ(run({"explain", "--client", "192.0.2.1", "--vip", "203.0.113.10", "--spi", "a:b",
                   "--esp", "c000"})
                  .status,
              0);
    EXPECT_EQ(commands_.calls,
              (std::vector<std::string>{"explain 192.0.2.1 0 * 0:0 0",
                                        "explain 192.0.2.1 4501 * 0:0 0",
                                        "explain 2001:db8::1 0 * 0:0 0",
                                        "explain 2001:db8::1 0 * 0:0 0",
                                        "explain 2001:db8::1 4501 * 0:0 0",
                                        "explain 192.0.2.1 0 203.0.113.10 a:b c000"}));
    for (const char* client :
         {"192.0.2.1:", "192.0.2.1:x", "[2001:db8::1]:0", "[", "192.0.2.1:70000"})
        EXPECT_EQ(run({"explain", "--client", client}).status, 1) << client;
}

TEST_F(IkelbctlTest, WrongUsageIs2) {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{},
                                               {"nope"},
                                               {"drain"},
                                               {"drain", "a", "b"},
                                               {"drain", "a", "--mode", "fast"},
                                               {"flows", "--limit", "0"},
                                               {"sessions", "--limit", "0"},
                                               {"explain"},
                                               {"status", "--nope"},
                                               {"completion", "tcsh"},
                                               {"check"}}) {
        const Outcome outcome = ikelbctl(arguments);
        EXPECT_EQ(outcome.status, 2) << testing::PrintToString(arguments);
        EXPECT_EQ(outcome.out, "");
        EXPECT_NE(outcome.err.find("--help"), std::string::npos) << outcome.err;
    }
    EXPECT_EQ(ikelbctl({"nope"}).err,
              "ikelbctl: \"nope\" is no command; ikelbctl --help lists them\n");
}

TEST_F(IkelbctlTest, HelpAndVersionAre0) {
    EXPECT_EQ(ikelbctl({"--help"}).status, 0);
    EXPECT_NE(ikelbctl({"--help"}).out.find("Usage: ikelbctl"), std::string::npos);
    EXPECT_NE(ikelbctl({"drain", "--help"}).out.find("--mode keep|refuse"), std::string::npos);
    EXPECT_EQ(ikelbctl({"--version"}).status, 0);
    EXPECT_TRUE(ikelbctl({"--version"}).out.starts_with("ikelbctl "));
}

TEST_F(IkelbctlTest, NoDaemonIs3AndSaysWhatToDo) {
    const Outcome nothing = run({"status"});
    EXPECT_EQ(nothing.status, 3);
    EXPECT_NE(nothing.err.find(socket_ + ": No such file or directory; is ikelbd running?"),
              std::string::npos)
        << nothing.err;
    EXPECT_NE(nothing.err.find("systemctl status ikelbd"), std::string::npos);

    { asio::local::stream_protocol::acceptor killed{io_, {socket_}}; }
    const Outcome stale = run({"status"});
    EXPECT_EQ(stale.status, 3);
    EXPECT_NE(stale.err.find("Connection refused; the socket file is there, but nobody listens"),
              std::string::npos)
        << stale.err;

    const Outcome too_long = ikelbctl({"--socket", std::string(300, 'x'), "status"});
    EXPECT_EQ(too_long.status, 3);
    EXPECT_NE(too_long.err.find("can't reach ikelbd at xxx"), std::string::npos) << too_long.err;
}

TEST_F(IkelbctlTest, CheckNeedsNoDaemon) {
    const std::string bad = write_file("bad.yaml", "ports: 7\n");
    const Outcome refused = run({"check", bad});
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.out, "");
    EXPECT_NE(refused.err.find(bad + ":1: error: "), std::string::npos) << refused.err;
    const auto report = nlohmann::json::parse(run({"--json", "check", bad}).out);
    EXPECT_EQ(report.at("ok"), false);
    EXPECT_EQ(report.at("findings").at(0).at("severity"), "error");

    const std::string good = IKELB_SOURCE_ROOT "/config/examples/two-armed.yaml";
    const Outcome fine = run({"check", good});
    EXPECT_EQ(fine.status, 0) << fine.err;
    EXPECT_EQ(fine.out, good + ": ok\nwhat clients begin is routed by 1 rule; this host answers "
                               "them at the address of the interface they come in by\n");
    EXPECT_EQ(nlohmann::json::parse(run({"check", good, "--json"}).out).at("ok"), true);

    EXPECT_EQ(run({"check", (folder_ / "absent.yaml").string()}).status, 1);
}

// ---------------------------------------------------------------------------- completion

std::string output_of(const std::string& command) {
    std::string text;
    FILE* const pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return text;
    std::array<char, 4096> data;
    while (const std::size_t size = fread(data.data(), 1, data.size(), pipe))
        text.append(data.data(), size);
    pclose(pipe);
    return text;
}

using Words = std::set<std::string>;

class CompletionTest : public IkelbctlTest {
protected:
    /// The words that are offered in place of the last one.
    Words offered(std::vector<std::string> words) {
        words.insert(words.begin(), "complete");
        std::istringstream lines{ikelbctl(words).out};
        Words found;
        for (std::string line; std::getline(lines, line);)
            found.insert(line.substr(0, line.find('\t')));
        return found;
    }
};

TEST_F(CompletionTest, OffersWhatFits) {
    EXPECT_EQ(offered({""}),
              (Words{"status", "backends", "flows", "sessions", "explain", "drops", "drain",
                     "enable", "disable", "diff", "reload", "version", "check", "completion"}));
    EXPECT_EQ(offered({"s"}), (Words{"status", "sessions"}));
    EXPECT_EQ(offered({"explain", "--v"}), (Words{"--vip", "--version"}));
    EXPECT_EQ(offered({"d"}), (Words{"drops", "drain", "disable", "diff"}));
    EXPECT_EQ(offered({"--"}), (Words{"--help", "--version", "--socket", "--json"}));
    EXPECT_EQ(offered({"drain", "--m"}), (Words{"--mode"}));
    EXPECT_EQ(offered({"drain", "--j"}), (Words{"--json"}));
    EXPECT_EQ(offered({"drain", "--mode", ""}), (Words{"keep", "refuse"}));
    EXPECT_EQ(offered({"drain", "rras1", ""}), Words{});
    EXPECT_EQ(offered({"status", ""}), Words{});
    EXPECT_EQ(offered({"completion", ""}), (Words{"bash", "zsh", "fish"}));
    EXPECT_EQ(offered({"check", "comp"}), (Words{":files"}));
    EXPECT_EQ(offered({"--socket", "comp"}), (Words{":files"}));
    EXPECT_EQ(offered({"--socket", "/tmp/x", "dra"}), (Words{"drain"}));
    EXPECT_EQ(offered({"flows", "--limit", ""}), Words{});
    EXPECT_EQ(offered({"explain", "timeouts.transit_tcp"}),
              (Words{"timeouts.transit_tcp", "timeouts.transit_tcp_opening"}));
}

TEST_F(CompletionTest, BackendsAreAskedOfTheDaemon) {
    EXPECT_EQ(offered({"--socket", socket_, "drain", ""}), Words{}) << "there is none";
    commands_.answer = {{"backends", {{{"name", "rras1"}}, {{"name", "rras2"}}, {{"name", "x"}}}}};
    start_daemon();
    EXPECT_EQ(offered({"--socket", socket_, "drain", ""}), (Words{"rras1", "rras2", "x"}));
    EXPECT_EQ(offered({"--socket", socket_, "--json", "sessions", "--backend", "r"}),
              (Words{"rras1", "rras2"}));
    EXPECT_EQ(offered({"--socket", socket_, "drain", "--mode", "keep", "x"}), (Words{"x"}));
}

TEST_F(CompletionTest, BashOffersWhatIkelbctlPrints) {
    const std::string script = write_file("completion.bash", ikelbctl({"completion", "bash"}).out);
    const std::string program = write_file(
        "fake",
        "#!/bin/sh\n[ \"$1 $2 $3\" = 'complete drain r' ] && printf 'rras1\\tone\\nrras2\\n'\n"
        "[ \"$1 $2 $3\" = 'complete check comp' ] && echo :files\n");
    chmod(program.c_str(), 0755);
    const auto bash = [&](const std::string& words) {
        const std::string file =
            write_file("try.bash", "source " + script + "\nCOMP_WORDS=(" + program + " " + words +
                                       ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_ikelbctl\n"
                                       "printf '%s\\n' \"${COMPREPLY[@]}\"\n");
        return output_of("cd " + folder_.string() + " && bash " + file + " 2>&1");
    };
    EXPECT_EQ(bash("drain r"), "rras1\nrras2\n");
    EXPECT_EQ(bash("check comp"), "completion.bash\n");
    EXPECT_EQ(bash("status ''"), "\n");
}

TEST_F(CompletionTest, EveryShellTakesItsScript) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const std::string file = write_file(shell, ikelbctl({"completion", shell}).out);
        EXPECT_GT(fs::file_size(file), 300U);
        if (std::system(("command -v " + std::string{shell} + " >/dev/null").c_str()) != 0)
            continue;
        EXPECT_EQ(std::system((shell + (" -n " + file)).c_str()), 0) << shell;
    }
}

TEST_F(IkelbctlTest, ExplainTellsAllAboutAKey) {
    const std::string text = ikelbctl({"explain", "timeouts.pair"}).out;
    EXPECT_TRUE(text.starts_with("timeouts.pair: a duration 1m..720h; default 24h\n")) << text;
    EXPECT_NE(text.find("\n  Live tunnels: A roaming client"), std::string::npos) << text;
    EXPECT_NE(text.find("\n  A reload applies a change.\n"), std::string::npos) << text;
    EXPECT_NE(ikelbctl({"explain", "log"}).out.find("\n  Keys: level\n"), std::string::npos);
    const json key = json::parse(ikelbctl({"explain", "ports[].mtu", "--json"}).out);
    EXPECT_EQ(key["default"], "1500");
    EXPECT_EQ(key["applied"], "restart");
    EXPECT_TRUE(key["live_tunnels"].get<std::string>().starts_with("The restart it needs"));
    EXPECT_EQ(ikelbctl({"explain", "timeouts.piar"}).err,
              "ikelbctl: there is no key 'timeouts.piar' (did you mean timeouts.pair?)\n");
    EXPECT_EQ(ikelbctl({"explain"}).status, 2);
}

}  // namespace
}  // namespace ikelb::ctl
