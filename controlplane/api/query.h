// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// What stands behind the ? of a request, read into what a command takes.

#include <string_view>

#include <boost/system/result.hpp>

#include "controlplane/api/commands.h"

namespace ikelb::api {

template <class T>
using QueryResult = boost::system::result<T, CommandError>;

QueryResult<FlowFilter> read_flow_filter(std::string_view query);
QueryResult<SessionFilter> read_session_filter(std::string_view query);
QueryResult<ExplainQuery> read_explain_query(std::string_view query);

}  // namespace ikelb::api
