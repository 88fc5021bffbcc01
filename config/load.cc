// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/load.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "config/document.h"
#include "config/reader.h"
#include "config/validate.h"

namespace ikelb::config {
namespace {

Findings cannot_read(const std::string& file, int error) {
    return {{{.severity = Severity::error,
              .file = file,
              .message = "cannot read the file: " + std::generic_category().message(error)}}};
}

}  // namespace

ConfigResult<Config> parse_text(std::string_view yaml, const std::string& file) {
    const ConfigResult<Document> document = read_document(yaml, file);
    if (!document) return document.error();
    FindingList errors{file};
    for (const Finding& duplicate : document->duplicate_keys)
        errors.error(duplicate.line, duplicate.path, duplicate.message);
    const Node& root = document->root;
    if (root.kind != NodeKind::map) {
        errors.error(root.line, "",
                     "the file holds no keys; start it with ports:, as config/reference.yaml does");
        return errors.take();
    }
    Config config = read_config(root, errors);
    if (!errors.is_empty()) return errors.take();
    return config;
}

ConfigResult<std::string> read_file(const std::filesystem::path& file) {
    const std::string name = file.string();
    if (name.find('\0') != std::string::npos) return cannot_read(name, EINVAL);
    // Without O_NONBLOCK the open of a FIFO waits for a writer, for ever.
    const int descriptor = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return cannot_read(name, errno);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream{::fdopen(descriptor, "r"),
                                                                 std::fclose};
    if (!stream) return cannot_read(name, errno);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return cannot_read(name, errno);
    if (S_ISDIR(status.st_mode)) return cannot_read(name, EISDIR);
    if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) return cannot_read(name, EINVAL);
    // One byte more than the limit, so that the reader of the document sees the excess.
    std::string text(max_document_bytes + 1, '\0');
    errno = 0;
    text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
    if (std::ferror(stream.get())) return cannot_read(name, errno);
    return text;
}

ConfigResult<Loaded> load_text(std::string_view yaml, const std::string& file) {
    const ConfigResult<Config> parsed = parse_text(yaml, file);
    if (!parsed) return parsed.error();
    Findings findings = validate(*parsed, file);
    if (findings.has_errors()) return findings;
    return Loaded{.config = *parsed, .warnings = std::move(findings), .text = std::string{yaml}};
}

ConfigResult<Loaded> load_file(const std::filesystem::path& file) {
    const ConfigResult<std::string> text = read_file(file);
    if (!text) return text.error();
    return load_text(*text, file.string());
}

}  // namespace ikelb::config
