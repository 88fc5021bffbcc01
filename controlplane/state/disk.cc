// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include "controlplane/posix/file_descriptor.h"

namespace ikelb::state {
namespace {

constexpr ::mode_t owner_only = S_IRUSR | S_IWUSR;

Error failure(const char* what, const std::filesystem::path& path, int code) {
    return {.message = std::string{what} + " " + path.string() + ": " +
                       std::generic_category().message(code)};
}

/// Writes the head last, in front of the records: a file cut off earlier is no state.
int write_state(int fd, const Facts& facts, const std::function<void(Encoder&)>& add) {
    std::uint64_t offset = head_bytes;
    int error = 0;
    Encoder encoder{facts, [&](std::span<const std::uint8_t> piece) {
                        if (error == 0) error = write_at(fd, piece, offset);
                        offset += piece.size();
                    }};
    add(encoder);
    const auto head = encoder.finish();
    return error == 0 ? write_at(fd, head, 0) : error;
}

std::error_code make_directory(const std::filesystem::path& directory) {
    std::error_code error;
    const bool is_new = std::filesystem::create_directories(directory, error);
    if (is_new && !error)
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
    return error;
}

/// Makes a rename outlive a loss of power.
int sync_directory(const std::filesystem::path& directory) {
    const posix::FileDescriptor fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return fd.is_open() && ::fsync(fd.get()) == 0 ? 0 : errno;
}

}  // namespace

std::filesystem::path directory_of(const char* state_directory) {
    // systemd separates several directories by colons (systemd.exec(5)).
    const std::string_view all{state_directory != nullptr ? state_directory : ""};
    const std::string_view first = all.substr(0, all.find(':'));
    return first.starts_with('/') ? first : "/var/lib/ikelb";
}

std::optional<std::filesystem::path> file_of(const config::State& configured,
                                                   const char* state_directory) {
    if (configured.is_off) return std::nullopt;
    if (configured.file) return *configured.file;
    return directory_of(state_directory) / "state";
}

std::filesystem::path unfinished_state_file(const std::filesystem::path& file) {
    return file.string() + ".new";
}

Result<std::optional<std::vector<std::uint8_t>>> read_state_file(
    const std::filesystem::path& file) {
    // O_NONBLOCK: the open of a pipe must not wait for a writer.
    const posix::FileDescriptor fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!fd.is_open()) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        return failure("cannot open", file, errno);
    }
    struct ::stat facts {};
    if (::fstat(fd.get(), &facts) != 0) return failure("cannot read", file, errno);
    if (!S_ISREG(facts.st_mode)) return failure("cannot read", file, EISDIR);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(facts.st_size));
    for (std::size_t at = 0; at < bytes.size();) {
        const ::ssize_t got = ::read(fd.get(), bytes.data() + at, bytes.size() - at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure("cannot read", file, errno);
        if (got == 0) bytes.resize(at);
        at += static_cast<std::size_t>(got);
    }
    return std::optional{std::move(bytes)};
}

int write_at(int fd, std::span<const std::uint8_t> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const ::ssize_t written =
            ::pwrite(fd, bytes.data(), bytes.size(), static_cast<::off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written < 0 ? errno : EIO;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return 0;
}

Result<void> replace_file(const std::filesystem::path& file, const std::function<int(int)>& write) {
    const std::filesystem::path directory = file.parent_path();
    if (const auto error = make_directory(directory))
        return failure("cannot make", directory, error.value());
    const std::filesystem::path unfinished = unfinished_state_file(file);
    const posix::FileDescriptor fd{::open(
        unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, owner_only)};
    if (!fd.is_open()) return failure("cannot write", unfinished, errno);
    // An old file may have another mode.
    int error = ::fchmod(fd.get(), owner_only) == 0 ? 0 : errno;
    if (error == 0) error = write(fd.get());
    if (error == 0 && ::fsync(fd.get()) != 0) error = errno;
    if (error == 0 && std::rename(unfinished.c_str(), file.c_str()) != 0) error = errno;
    if (error != 0) {
        ::unlink(unfinished.c_str());
        return failure("cannot write", file, error);
    }
    if (const int code = sync_directory(directory)) return failure("cannot sync", directory, code);
    return {};
}

Result<void> write_state_file(const std::filesystem::path& file, const Facts& facts,
                              const std::function<void(Encoder&)>& add) {
    return replace_file(file, [&](int fd) { return write_state(fd, facts, add); });
}

}  // namespace ikelb::state
