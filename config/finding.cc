// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/finding.h"

#include <algorithm>
#include <stdexcept>

namespace ikelb::config {

std::string Finding::to_string() const {
    std::string text = file;
    if (line > 0) text += (text.empty() ? "line " : ":") + std::to_string(line);
    if (!text.empty()) text += ": ";
    text += severity == Severity::error ? "error: " : "warning: ";
    if (!path.empty()) text += path + ": ";
    return text + message;
}

bool Findings::has_errors() const noexcept {
    return std::any_of(list.begin(), list.end(),
                       [](const Finding& f) { return f.severity == Severity::error; });
}

std::string Findings::to_string() const {
    std::string text;
    for (const Finding& finding : list) text += finding.to_string() + "\n";
    return text;
}

void FindingList::error(int line, std::string path, std::string message) {
    add({.severity = Severity::error,
         .file = file_,
         .line = line,
         .path = std::move(path),
         .message = std::move(message)});
}

void FindingList::warning(int line, std::string path, std::string message) {
    add({.severity = Severity::warning,
         .file = file_,
         .line = line,
         .path = std::move(path),
         .message = std::move(message)});
}

void FindingList::add(Finding finding) {
    // In a full list an error replaces a warning: without an error the list would look as if the
    // configuration could be used.
    if (list_.size() < max_findings) {
        list_.push_back(std::move(finding));
        return;
    }
    ++left_out_;
    if (finding.severity == Severity::warning) return;
    const auto warning = std::find_if(list_.begin(), list_.end(), [](const Finding& f) {
        return f.severity == Severity::warning;
    });
    if (warning != list_.end()) *warning = std::move(finding);
}

Findings FindingList::take() {
    std::stable_sort(list_.begin(), list_.end(),
                     [](const Finding& a, const Finding& b) { return a.line < b.line; });
    if (left_out_ > 0)
        list_.push_back({.severity = Severity::warning,
                         .file = file_,
                         .message = std::to_string(left_out_) + " more findings are not shown"});
    return {.list = std::move(list_)};
}

void throw_exception_from_error(const Findings& findings, const boost::source_location&) {
    throw std::runtime_error(findings.to_string());
}

}  // namespace ikelb::config
