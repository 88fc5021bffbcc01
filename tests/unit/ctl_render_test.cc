// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/render.h"

#include <gtest/gtest.h>

#include "controlplane/api/commands.h"

namespace ikelb::ctl {
namespace {

using nlohmann::json;

TEST(Table, AlignsAndTrims) {
    const std::vector<Column> columns{
        {.title = "NAME"}, {.title = "N", .numeric = true}, {.title = "TEXT"}};
    EXPECT_EQ(format_table(columns, {{"a", "1", "x"}, {"long name", "1000", ""}}, 0),
              "NAME          N  TEXT\n"
              "a             1  x\n"
              "long name  1000\n");
}

TEST(Table, LeavesOutWhatDoesNotFit) {
    const std::vector<Column> columns{{.title = "NAME"},
                                      {.title = "SECOND", .expendable = 1},
                                      {.title = "THIRD", .expendable = 3},
                                      {.title = "FOURTH", .expendable = 2}};
    const std::vector<std::vector<std::string>> rows{{"a", "b", "c", "d"}};
    // 4 + 6 + 5 + 6 and three gaps of 2 make 27.
    EXPECT_EQ(format_table(columns, rows, 27),
              "NAME  SECOND  THIRD  FOURTH\na     b       c      d\n");
    EXPECT_EQ(format_table(columns, rows, 26),
              "NAME  SECOND  FOURTH\na     b       d\n(no room for: THIRD; --json has all)\n");
    EXPECT_EQ(format_table(columns, rows, 13),
              "NAME  SECOND\na     b\n(no room for: THIRD, FOURTH; --json has all)\n");
    EXPECT_EQ(format_table(columns, rows, 1),
              "NAME\na\n(no room for: SECOND, THIRD, FOURTH; --json has all)\n");
}

TEST(Render, NumbersAndDurationsAreShort) {
    EXPECT_EQ(short_number(0), "0");
    EXPECT_EQ(short_number(999), "999");
    EXPECT_EQ(short_number(1000), "1.00k");
    EXPECT_EQ(short_number(12345), "12.3k");
    EXPECT_EQ(short_number(999499), "999k");
    EXPECT_EQ(short_number(999500), "1.00M");
    EXPECT_EQ(short_number(1.2e13), "12.0T");
    EXPECT_EQ(short_duration(59.9), "59s");
    EXPECT_EQ(short_duration(60), "1m");
    EXPECT_EQ(short_duration(3 * 3600 + 20 * 60), "3h 20m");
    EXPECT_EQ(short_duration(5 * 86400 + 7200), "5d 2h");
    EXPECT_EQ(short_duration(-1), "0s");
}

TEST(Render, Backends) {
    const json answer = json::parse(R"({"backends":[
      {"name":"rras1","address":"10.20.0.11","pool":"rras","state":"up","mode":"enabled",
       "weight":100,"flows":12345,"sas":600,"rtt_us":312,"since":"2026-01-02T03:04:05Z",
       "reason":"first ICMP echo reply","packets_to_server":1,"packets_to_client":2,
       "bytes_to_server":3000,"bytes_to_client":4000000},
      {"name":"rras2","state":"down","mode":"drain_keep","rtt_us":null}]})");
    EXPECT_EQ(render("backends", answer, 0),
              "NAME   ADDRESS     POOL  STATE  MODE        WEIGHT  FLOWS  SAS      RTT  PKTS IN  "
              "PKTS OUT  BYTES IN  BYTES OUT  SINCE                 REASON\n"
              "rras1  10.20.0.11  rras  up     enabled        100  12.3k  600  0.312ms        1  "
              "       2     3.00k      4.00M  2026-01-02T03:04:05Z  first ICMP echo reply\n"
              "rras2  -           -     down   drain_keep       -      -    -        -        -  "
              "       -         -          -  -                     -\n");
    EXPECT_EQ(render("backends", answer, 60),
              "NAME   ADDRESS     STATE  MODE        FLOWS  SAS      RTT\n"
              "rras1  10.20.0.11  up     enabled     12.3k  600  0.312ms\n"
              "rras2  -           down   drain_keep      -    -        -\n"
              "(no room for: POOL, WEIGHT, PKTS IN, PKTS OUT, BYTES IN, BYTES OUT, SINCE, REASON; "
              "--json has all)\n");
    EXPECT_EQ(render("backends", json::parse(R"({"backends":[]})"), 0),
              "no backends are configured\n");
}

TEST(Render, ABackendOfBothFamiliesHasALineForEach) {
    const json answer = json::parse(R"({"backends":[
      {"name":"rras1","address":"10.20.0.11","address6":"fd00:20::11","pool":"rras","state":"up",
       "health6":{"state":"down","rtt_us":null,"since":"2026-01-02T03:04:05Z","reason":"silent"},
       "mode":"enabled","flows":12,"sas":6,"rtt_us":312},
      {"name":"rras2","address":"10.20.0.12","address6":null,"health6":null,"state":"up",
       "mode":"enabled","flows":1,"sas":1,"rtt_us":300}]})");
    EXPECT_EQ(render("backends", answer, 60),
              "NAME   ADDRESS      STATE  MODE     FLOWS  SAS      RTT\n"
              "rras1  10.20.0.11   up     enabled     12    6  0.312ms\n"
              "       fd00:20::11  down                              -\n"
              "rras2  10.20.0.12   up     enabled      1    1  0.300ms\n"
              "(no room for: POOL, WEIGHT, PKTS IN, PKTS OUT, BYTES IN, BYTES OUT, SINCE, REASON; "
              "--json has all)\n");
}

TEST(Render, Flows) {
    const json answer = json::parse(R"({"flows":[{"client":"192.0.2.1","port":4500,
      "vip":"203.0.113.10","vip_port":4500,"backend":"rras1","state":"established",
      "idle_s":2,"next_hop":"198.51.100.254"}],"total":9,"truncated":true})");
    EXPECT_EQ(render("flows", answer, 0),
              "CLIENT     PORT  VIP           VIP PORT  BACKEND  STATE        IDLE  NEXT HOP\n"
              "192.0.2.1  4500  203.0.113.10      4500  rras1    established    2s  "
              "198.51.100.254\n"
              "(1 of 9 flows; --limit N shows more)\n");
}

TEST(Render, Sessions) {
    const json answer = json::parse(R"({"sessions":[
      {"client":"192.0.2.1","port":4500,"spi_i":"00000000000000aa","spi_r":"00000000000000bb",
       "service":"aovpn","vip":"203.0.113.10","backend":"rras1","state":"established",
       "age_s":7300,"idle_s":12,"moves":2},
      {"client":"?","port":null,"spi_i":"01","spi_r":"02","service":"aovpn","vip":"v",
       "backend":"rras2","state":"half_open","age_s":48,"idle_s":48,"moves":0}],
      "truncated":true})");
    EXPECT_EQ(
        render("sessions", answer, 0),
        "CLIENT     PORT  SPI I             SPI R             SERVICE  VIP           BACKEND  "
        "STATE           AGE  IDLE  MOVES\n"
        "192.0.2.1  4500  00000000000000aa  00000000000000bb  aovpn    203.0.113.10  rras1    "
        "established  ~2h 1m   12s      2\n"
        "?             -  01                02                aovpn    v             rras2    "
        "half_open       <3m   48s      0\n"
        "(the first 2; --limit N shows more)\n");
    EXPECT_EQ(render("sessions", json::parse(R"({"sessions":[]})"), 0), "no IKE SAs\n");
}

TEST(Render, Explain) {
    const json answer = json::parse(R"({"answers":[
      {"datagram":"IKE","spi":"aa:bb","client":"192.0.2.1","port":4500,"service":"aovpn",
       "vip":"203.0.113.10","vip_port":4500,"served":false,"backend":"rras1","rule":"pair",
       "drop":null,"also":[],"copies":[],"rules":[
        {"rule":"label","help":"L","outcome":"miss","backend":null,"state":null,"age_s":null,
         "idle_s":null},
        {"rule":"pair","help":"P","outcome":"hit","backend":"rras1","state":"established",
         "age_s":128,"idle_s":3},
        {"rule":"flow","help":"F","outcome":"hit","backend":"rras2","state":"established",
         "age_s":null,"idle_s":4}],"otherwise":"unknown_sa"},
      {"datagram":"ESP","spi":"cc","client":"2001:db8::1","port":7,"service":"aovpn",
       "vip":"2001:db8::2","vip_port":4500,"served":true,"backend":null,"rule":"flow",
       "drop":"backend_down","also":[],"copies":[],"rules":[],"otherwise":null},
      {"datagram":"ESP","spi":"dd","client":"192.0.2.1","port":4500,"service":"aovpn",
       "vip":"203.0.113.10","vip_port":4500,"served":true,"backend":"rras1","rule":"flow",
       "drop":null,"also":["rras2"],"copies":["rras3","rras4"],"rules":[],
       "otherwise":null}]})");
    EXPECT_EQ(render("explain", answer, 0),
              "IKE aa:bb, 192.0.2.1:4500 -> 203.0.113.10:4500\n"
              "  to rras1, rule pair; the VIP is not served here at the moment\n"
              "  RULE   OUTCOME       BACKEND  STATE        AGE  IDLE  MEANING\n"
              "  label  miss          -        -              -     -  L\n"
              "  pair   hit, decides  rras1    established  ~2m    3s  P\n"
              "  flow   hit, next     rras2    established    -    4s  F\n"
              "  without any of them: dropped as unknown_sa\n"
              "\n"
              "ESP cc, [2001:db8::1]:7 -> [2001:db8::2]:4500\n"
              "  dropped as backend_down, rule flow\n"
              "  no rule\n"
              "\n"
              "ESP dd, 192.0.2.1:4500 -> 203.0.113.10:4500\n"
              "  to rras1, rule flow, and as well to rras2, a copy to rras3, rras4\n"
              "  no rule\n");
    EXPECT_EQ(render("explain", json::parse(R"({"answers":[]})"), 0),
              "no service has such a VIP\n");
}

TEST(Render, StatusTellsTheMemoryOfAClientAndWhatWasRestored) {
    const json answer = json::parse(R"({"memory":{"bytes_per_client":{"clients":131072,
      "established":171,"bindings":21.4,"flows":64,"pairs":42.7,"esp_spis":42.9,
      "passing":34.8,"workers":3.25,"total":209.0}},
      "restored":{"pairs":1,"esp_spis":2,"flows":3,"bindings":4,"transit":5}})");
    const std::string text = render("status", answer, 0);
    EXPECT_NE(text.find("memory         171.0 B per IPv4 client: 21.4 for bindings, 64.0 flows, "
                        "42.7 IKE SAs, 42.9 ESP SPIs\n"
                        "               209.0 B with what all share: 34.8 under way, 3.2 "
                        "workers; room for 131072 clients\n"
                        "restored       1 IKE SAs, 2 ESP SPIs, 3 flows, 4 bindings, 5 transit "
                        "conversations at the start\n"),
              std::string::npos)
        << text;
}

TEST(Render, StatusTellsHowTheWallStands) {
    const json answer = json::parse(R"({"wall":{"transit":"closed","allow_rules":2,"grace_s":42,
      "summary":"what clients begin is routed by 2 rules"}})");
    EXPECT_NE(render("status", answer, 0)
                  .find("wall           what clients begin is routed by 2 rules\n"
                        "               for 42s more: TCP that was under way passes to the "
                        "servers\n"),
              std::string::npos)
        << render("status", answer, 0);
    const json later = json::parse(R"({"wall":{"grace_s":0,"summary":"s"}})");
    EXPECT_EQ(render("status", later, 0).find("more:"), std::string::npos);
}

TEST(Render, DropsShowsOnlyWhatHappened) {
    const json answer = json::parse(R"({"drops":[
      {"reason":"no_backend","help":"no backend is up","packets":12},
      {"reason":"ttl_expired","help":"the TTL ran out","packets":0}]})");
    EXPECT_EQ(render("drops", answer, 0),
              "REASON      PACKETS  MEANING\n"
              "no_backend       12  no backend is up\n"
              "(1 more reasons with no packets)\n");
    EXPECT_EQ(render("drops", json::parse(R"({"drops":[]})"), 0), "no packets were dropped\n");
}

TEST(Render, DropsShowsWhatWasLostBelowTheWorkersToo) {
    const json answer = json::parse(R"({"drops":[],"ports":[
      {"port":"wan","reason":"missed","help":"no room","frames":0},
      {"port":"lan","reason":"ring_full","help":"lagged behind","frames":7000000}]})");
    EXPECT_EQ(render("drops", answer, 0),
              "no packets were dropped\n"
              "\nlost below the workers\n"
              "PORT  REASON      FRAMES  MEANING\n"
              "lan   ring_full  7000000  lagged behind\n");
}

TEST(Render, DropsShowsWhatTheDriversCountBeside) {
    const json answer = json::parse(R"({"drops":[],"ports":[],"xstats":[
      {"port":"wan","name":"rx_crc_errors","count":3},
      {"port":"wan","name":"rx_discards","count":0}]})");
    EXPECT_EQ(render("drops", answer, 0),
              "no packets were dropped\n"
              "\nas the drivers count; some are parts of others\n"
              "PORT  NAME           COUNT\n"
              "wan   rx_crc_errors      3\n");
}

TEST(Render, StatusSaysWhatTheOperatorShouldKnow) {
    const std::string text =
        render("status", json::parse(R"({"remarks":["the link is down","a rule"]})"), 0);
    EXPECT_NE(text.find("warning        the link is down\nwarning        a rule\n"),
              std::string::npos)
        << text;
}

TEST(Render, Status) {
    const json answer = json::parse(R"({"version":"0.1.0","uptime_s":90061,
      "config":{"file":"/etc/ikelb.yaml","loaded_at":"then","last_reload":"failed",
                "error":"line 3"},
      "workers":[{"id":0,"lcore":1,"cpu":1,"busy_share":0.123,"bursts":10,"packets":20}],
      "ports":[{"name":"wan","link":"up","rx":5,"xstats":[{"name":"rx_crc_errors","count":3},
                {"name":"rx_jabber","count":0},{"name":"rx_discards","count":7}]},
               {"name":"lan","link":"up","rx":0,"xstats":[]}],"interfaces":[],
      "services":[{"name":"aovpn","vip":"203.0.113.10","served":true,"reason":"","pool":"rras",
                   "scheduler":"maglev"}],
      "tables":[{"name":"flows","used":1,"capacity":262144}],"huge_pages":false})");
    EXPECT_EQ(render("status", answer, 0),
              "version        0.1.0\n"
              "up for         1d 1h\n"
              "configuration  /etc/ikelb.yaml, loaded then\n"
              "last reload    FAILED, the configuration before it is running: line 3\n"
              "huge pages     no\n"
              "\nservices\n"
              "NAME   VIP           SERVED  POOL  SCHEDULER  REASON\n"
              "aovpn  203.0.113.10  yes     rras  maglev     -\n"
              "\nworkers\n"
              "ID  LCORE  CPU   BUSY  BURSTS  PACKETS\n"
              " 0      1    1  12.3%      10       20\n"
              "\ntables\n"
              "NAME   USED  CAPACITY\n"
              "flows     1    262144\n"
              "\nports\n"
              "name  link  rx  xstats\n"
              "wan   up    5   rx_crc_errors 3, rx_discards 7\n"
              "lan   up    0   -\n");
}

TEST(Render, StatusTellsThatTheLastGoodConfigurationRuns) {
    const json answer = json::parse(R"({"config":{"file":"/etc/ikelb.yaml","loaded_at":"then",
      "last_reload":"failed","error":"line 3",
      "fallback":{"file":"/var/lib/ikelb/last-good.yaml","saved_at":"before"}}})");
    const std::string text = render("status", answer, 0);
    EXPECT_NE(text.find("running        THE LAST GOOD CONFIGURATION, /var/lib/ikelb/last-good.yaml "
                        "of before; mend the file, then `ikelbctl reload`: line 3\n"),
              std::string::npos)
        << text;
}

TEST(Render, NothingThrowsOnAnAnswerOfAnotherShape) {
    for (const char* text : {"{}", "[]", "null", "3", R"({"backends":3,"flows":{},"drops":"x"})",
                             R"({"backends":[1,"a",null],"flows":[[]],"drops":[1]})",
                             R"({"sessions":[1],"answers":[1,{"rules":[3]}],"memory":[]})",
                             R"({"answers":3,"memory":{"bytes_per_client":{}},"restored":{}})",
                             R"({"config":[],"workers":{},"ports":[1],"interfaces":[{}, 2]})"})
        for (const api::Command& one : api::commands())
            EXPECT_FALSE(render(one.name, json::parse(text), 40).empty())
                << text << " " << one.path;
}

TEST(Render, AReloadAndItsDiffTellHowManyTunnelsEnd) {
    const json ends{{"tunnels", 13},
                    {"backends", {{{"name", "rras1"}, {"tunnels", 12}},
                                  {{"name", "rras2"}, {"tunnels", 1}}}}};
    json reload = ends;
    reload["reloaded"] = "/etc/ikelb/ikelb.yaml";
    EXPECT_EQ(render("reload", reload, 0),
              "reloaded: /etc/ikelb/ikelb.yaml\n"
              "backend rras1: 12 tunnels ended\n"
              "backend rras2: 1 tunnel ended\n");
    json diff = ends;
    diff["changes"] = {"pools[rras].backends[rras1]: removed {}"};
    diff["needs_restart"] = false;
    EXPECT_EQ(render("diff", diff, 0),
              "pools[rras].backends[rras1]: removed {}\n"
              "backend rras1: 12 tunnels would end\n"
              "backend rras2: 1 tunnel would end\n");
    diff["backends"] = json::array();
    EXPECT_EQ(render("diff", diff, 0),
              "pools[rras].backends[rras1]: removed {}\n"
              "no tunnels would end\n");
    diff["needs_restart"] = true;
    EXPECT_EQ(render("diff", diff, 0),
              "pools[rras].backends[rras1]: removed {}\n"
              "a reload would refuse this: it needs a restart\n");
    diff["changes"] = json::array();
    EXPECT_EQ(render("diff", diff, 0), "no changes\n");
}

TEST(Render, DoneOrWhatTheDaemonAdds) {
    EXPECT_EQ(render("drain", json::object(), 0), "done\n");
    EXPECT_EQ(render("drain", {{"sas", 5}, {"backend", "rras1"}}, 0), "backend: rras1\nsas: 5\n");
}

TEST(Render, ACommandWithoutALookOfItsOwnIsShownAsItComes) {
    const json answer = json::parse(R"({"leases":[{"left_s":7,"name":"a"},{"name":"b"}],"of":2})");
    EXPECT_EQ(render("new", answer, 0), "of: 2\n\nleases\nname  left_s\na     7\nb     -\n");
}

}  // namespace
}  // namespace ikelb::ctl
