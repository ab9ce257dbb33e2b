// The peer implements Megaphone's two requests in the same way as the original: every GET is one SELECT of the
// whole table, every PUT is one upsert, over a pool of ten connections. It is optimized for this: prepared
// statements, the standard HTTP server and the common MySQL driver of its language, all cores, no reflection
// while rendering, no log.
package main

import (
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"

	_ "github.com/go-sql-driver/mysql"
)

const (
	poolSize     = 10
	maxBodyBytes = 4096
	selectBoard  = "SELECT broadcaster_id, bchannel_id, version FROM broadcastsv1"
	// The number of affected rows is 1 for a new row, 2 for a changed row, 0 for an equal row.
	upsert = "INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES (?, ?, ?) " +
		"ON DUPLICATE KEY UPDATE version = ?"
)

type service struct {
	reader, broadcaster []byte
	read, write         *sql.Stmt
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8001", "address and port to listen on")
	source := flag.String("source", "", "the driver's data source name: user@unix(/path)/database")
	reader := flag.String("reader", "", "the token of the reader")
	broadcaster := flag.String("broadcaster", "", "the token of the broadcaster")
	flag.Parse()

	database, err := sql.Open("mysql", *source)
	if err != nil {
		log.Fatal(err)
	}
	database.SetMaxOpenConns(poolSize)
	database.SetMaxIdleConns(poolSize)
	read, err := database.Prepare(selectBoard)
	if err != nil {
		log.Fatal(err)
	}
	write, err := database.Prepare(upsert)
	if err != nil {
		log.Fatal(err)
	}
	board := &service{
		reader: []byte("Bearer " + *reader), broadcaster: []byte("Bearer " + *broadcaster),
		read: read, write: write,
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/v1/broadcasts", board.get)
	routes.HandleFunc("/v1/broadcasts/", board.put)
	log.Fatal(http.ListenAndServe(*listen, routes))
}

func (s *service) get(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		respond(w, http.StatusMethodNotAllowed, nil)
		return
	}
	if !authorized(r, s.reader) {
		respond(w, http.StatusUnauthorized, nil)
		return
	}
	rows, err := s.read.QueryContext(r.Context())
	if err != nil {
		respond(w, http.StatusServiceUnavailable, nil)
		return
	}
	defer rows.Close()
	body := append(make([]byte, 0, 1024), `{"code":200,"broadcasts":{`...)
	var broadcaster, channel, version sql.RawBytes
	for count := 0; rows.Next(); count++ {
		if err := rows.Scan(&broadcaster, &channel, &version); err != nil {
			respond(w, http.StatusServiceUnavailable, nil)
			return
		}
		if count > 0 {
			body = append(body, ',')
		}
		body = append(body, '"')
		body = append(append(append(body, broadcaster...), '/'), channel...)
		body = append(body, `":`...)
		body = appendJSONString(body, version)
	}
	if rows.Err() != nil {
		respond(w, http.StatusServiceUnavailable, nil)
		return
	}
	respond(w, http.StatusOK, append(body, "}}"...))
}

func (s *service) put(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut {
		respond(w, http.StatusMethodNotAllowed, nil)
		return
	}
	if !authorized(r, s.broadcaster) {
		respond(w, http.StatusUnauthorized, nil)
		return
	}
	ids := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/broadcasts/"), "/")
	if len(ids) != 2 {
		respond(w, http.StatusNotFound, nil)
		return
	}
	version, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil || len(version) == 0 || len(version) > 200 {
		respond(w, http.StatusBadRequest, nil)
		return
	}
	result, err := s.write.ExecContext(r.Context(), ids[0], ids[1], version, version)
	if err != nil {
		respond(w, http.StatusServiceUnavailable, nil)
		return
	}
	if affected, _ := result.RowsAffected(); affected == 1 {
		respond(w, http.StatusCreated, nil)
		return
	}
	respond(w, http.StatusOK, nil)
}

func authorized(r *http.Request, expected []byte) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), expected) == 1
}

// respond sends body, or only the status code as JSON if body is nil.
func respond(w http.ResponseWriter, status int, body []byte) {
	if body == nil {
		body = append(strconv.AppendInt([]byte(`{"code":`), int64(status), 10), '}')
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

// appendJSONString appends text as a JSON string. Versions usually need no escapes and are copied.
func appendJSONString(body, text []byte) []byte {
	for _, octet := range text {
		if octet < 0x20 || octet == '"' || octet == '\\' || octet >= 0x7f {
			quoted, _ := json.Marshal(string(text))
			return append(body, quoted...)
		}
	}
	return append(append(append(body, '"'), text...), '"')
}
