// Follows a resource of Megaphone. Calls onState(state, id) with the present state and after each change:
//
//     import { follow } from "./follow.js";
//     follow("https://megaphone.example/v1/broadcasts/test", state => show(state.broadcasts), { token });
//
// Unlike EventSource, it can send a token, and it reconnects whatever happens: after an error status of a
// proxy, a refused connection, or `silence` milliseconds without a byte, which is how a half-open connection
// looks. The promise resolves when `signal` aborts. It rejects if the server refuses the request itself, with
// status 400, 401 or 403. Optional: onKeepAlive({ age }), with the seconds since the server last read its
// database, and onError(error), before each new attempt. An exception in a callback is reported as in an
// event handler, and following goes on.
export async function follow(url, onState, options = {}) {
    const { token, onKeepAlive, onError, silence = 45_000, signal = new AbortController().signal } = options;
    const headers = new Headers({ Accept: "text/event-stream" });
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const call = (callback, ...values) => queueMicrotask(() => signal.aborted || callback?.(...values));
    let retry = 2000 + 3000 * Math.random(); // Until the server sends its own.

    while (!signal.aborted) {
        const attempt = new AbortController();
        let timer;
        const heard = () => {
            clearTimeout(timer);
            timer = setTimeout(() => attempt.abort(new Error(`silence for ${silence} ms`)), silence);
        };
        try {
            heard();
            const either = AbortSignal.any([signal, attempt.signal]);
            const response = await fetch(url, { headers, cache: "no-store", signal: either });
            if (!response.headers.get("Content-Type")?.startsWith("text/event-stream") || !response.ok) {
                const { status } = response;
                throw Object.assign(new Error(`no event stream, HTTP status ${status}`), { status });
            }
            const parse = parser(milliseconds => (retry = milliseconds), (type, data, id) => {
                if (type === "keep-alive") call(onKeepAlive, JSON.parse(data));
                if (type !== "message") return;
                call(onState, JSON.parse(data), id);
                // After JSON.parse, because the server does not repeat a state whose id it gets back.
                if (id) headers.set("Last-Event-ID", id);
            });
            const decoder = new TextDecoder(); // Holds back a character that is split between chunks.
            const reader = response.body.getReader();
            for (let part; !(part = await reader.read()).done; heard()) {
                parse(decoder.decode(part.value, { stream: true }));
            }
        } catch (error) {
            if ([400, 401, 403].includes(error?.status)) throw error;
            call(onError, error);
        } finally {
            clearTimeout(timer);
            attempt.abort(); // Closes the connection.
        }
        await pause(retry, signal);
        retry = Math.min(2 * retry, 20_000); // The next stream begins with a `retry` of its own.
    }
}

// Returns a function that takes the text of a stream in pieces of any size. It calls onRetry(milliseconds),
// and onEvent(type, data, id) for each event with data, as the standard says:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
function parser(onRetry, onEvent) {
    let rest = ""; // The line that is not complete yet.
    let afterCR = false;
    let type = "", data = [], id = "";
    const fields = {
        data: value => data.push(value),
        event: value => (type = value),
        id: value => value.includes("\0") || (id = value),
        retry: value => /^\d+$/.test(value) && onRetry(Number(value)),
    };
    return text => {
        if (text === "") return;
        // A CR ends its line at once. A LF that follows it in the next piece belongs to the same line end.
        rest += afterCR && text.startsWith("\n") ? text.slice(1) : text;
        afterCR = text.endsWith("\r");
        const lines = rest.split(/\r\n|\r|\n/);
        rest = lines.pop();
        for (const line of lines) {
            if (line === "") {
                if (data.length > 0) onEvent(type || "message", data.join("\n"), id);
                type = "";
                data = [];
            } else {
                // Without a colon, the value is empty. The name of a comment is empty.
                const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
                if (Object.hasOwn(fields, name)) fields[name](value);
            }
        }
    };
}

function pause(milliseconds, signal) {
    return new Promise(resolve => {
        const done = () => {
            clearTimeout(timer);
            signal.removeEventListener("abort", done);
            resolve();
        };
        const timer = setTimeout(done, milliseconds);
        signal.addEventListener("abort", done);
        if (signal.aborted) done();
    });
}
