#include "services/progress/progress.h"

namespace authx::progress {
namespace {

constexpr std::size_t kMostFollowed = 20;

struct Followed {
  std::string topic;
  Uuid id;
  Time sent;  ///< when the last state that was sent was made
};

std::string complaint(std::string_view why) { return fmt::format(R"({{"type":"error","message":"{}"}})", why); }

/// The topic and id that a message subscribes to; an empty topic when it is no subscription.
std::pair<std::string, std::string> subscription(const json::value& message, const std::map<std::string, Topic>& topics) {
  if (auto topic = get_text(message, "subscribe")) return {*topic, get_text(message, "id").value_or("")};
  if (get_text(message, "type") != "subscribe") return {};
  for (const auto& [topic, read] : topics)
    if (auto id = get_text(message, topic + "_id")) return {topic, *id};
  return {topics.begin()->first, ""};
}

}  // namespace

std::uint64_t Hub::watch(const Uuid& subject, std::function<void()> waker) {
  const std::scoped_lock lock{mutex_};
  watchers_.emplace(next_, std::pair{subject, std::move(waker)});
  return next_++;
}

void Hub::unwatch(std::uint64_t token) {
  const std::scoped_lock lock{mutex_};
  watchers_.erase(token);
}

void Hub::changed(const Uuid& subject) {
  const std::scoped_lock lock{mutex_};
  for (const auto& [token, watcher] : watchers_)
    if (watcher.first == subject) watcher.second();
}

http::WebSocketHandler socket(Hub& hub, std::map<std::string, Topic> topics, http::Authenticator authenticate) {
  return [&hub, topics = std::move(topics), authenticate = std::move(authenticate)](http::WebSocket& socket,
                                                                                    http::RequestInfo info) -> http::awaitable<void> {
    struct Watch {
      Hub& hub;
      std::vector<std::uint64_t> tokens;
      ~Watch() {
        for (const auto token : tokens) hub.unwatch(token);
      }
    } watch{hub, {}};
    std::optional<http::Principal> who;
    std::vector<Followed> followed;
    int idle = 0;
    while (true) {
      // Other processes may do the work: look once a second even when nothing wakes us.
      auto received = co_await socket.receive(std::chrono::seconds{followed.empty() ? 30 : 1});
      if (!received) co_return;
      if (*received) {
        idle = 0;
        const auto message = parse_json(**received);
        const auto type = message ? get_text(*message, "type") : std::nullopt;
        const auto [topic, text] = message ? subscription(*message, topics) : std::pair<std::string, std::string>{};
        std::string answer;
        if (type == "authenticate") {
          auto principal = authenticate(get_text(*message, "token").value_or(""));
          if (!principal) co_return;
          info.tenant = principal->request.tenant;
          who = std::move(*principal);
          who->request = info;
          answer = R"({"type":"authenticated"})";
        } else if (!who) {
          co_return;
        } else if (!topic.empty()) {
          const auto id = Uuid::parse(text);
          if (!topics.contains(topic)) {
            answer = complaint("unknown topic");
          } else if (!id || watch.tokens.size() >= 10 * kMostFollowed || followed.size() >= kMostFollowed) {
            answer = complaint("the id must be a UUID, and at most 20 can be followed");
          } else {
            followed.push_back({topic, *id, Time{}});
            watch.tokens.push_back(hub.watch(*id, socket.waker()));
          }
        } else {
          answer = complaint("unknown message type");
        }
        if (!answer.empty()) {
          const auto sent = co_await socket.send(std::move(answer));
          if (!sent) co_return;
        }
      } else if (followed.empty() && ++idle > 4) {
        co_return;  // two minutes without a word
      }
      for (auto it = followed.begin(); it != followed.end();) {
        const auto& read = topics.at(it->topic);
        auto state = co_await read(it->id, *who);
        if (!state) {
          const auto sent = co_await socket.send(complaint("no such " + it->topic));
          if (!sent) co_return;
          it = followed.erase(it);
          continue;
        }
        if (state->updated_at != it->sent) {
          it->sent = state->updated_at;
          std::string text = R"({"type":")" + it->topic + R"(","data":)" + state->data + "}";
          const auto sent = co_await socket.send(std::move(text));
          if (!sent) co_return;
        }
        if (state->is_final)
          it = followed.erase(it);
        else
          ++it;
      }
    }
  };
}

}  // namespace authx::progress
