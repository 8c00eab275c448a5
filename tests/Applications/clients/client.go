// net/http of Go in its own shapes: prints NAME STATUS EXPECTED ANSWER.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

func show(name, expected string, answer *http.Response, err error) {
	if err != nil {
		fmt.Printf("go %s\t0\t%s\t%v\n", name, expected, err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Printf("go %s\t%d\t%s\t%s\n", name, answer.StatusCode, expected, strings.ReplaceAll(string(text), "\n", " "))
}

func main() {
	base, folder := os.Args[1], os.Args[2]
	echo := base + "/echo"
	answer, err := http.PostForm(echo, url.Values{"comment": {"it's \"fine\"; 50% off & more"}, "tags": {"a", "b"}, "empty": {""}})
	show("form", "", answer, err)
	value, _ := json.Marshal(map[string]any{"note": "either a or b; 1 < 2 && 3 > 2", "html": "<p>x</p>", "list": []any{1, nil, true}})
	answer, err = http.Post(echo, "application/json", bytes.NewReader(value))
	show("JSON", "", answer, err)
	reader, writer := io.Pipe()
	go func() { json.NewEncoder(writer).Encode(map[string]string{"a": "streamed; it's"}); writer.Close() }()
	answer, err = http.Post(echo, "application/json; charset=utf-8", reader)
	show("JSON streamed", "", answer, err)
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	zipped.Write(value)
	zipped.Close()
	request, _ := http.NewRequest("POST", echo, &packed)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Content-Encoding", "gzip")
	answer, err = http.DefaultClient.Do(request)
	show("JSON gzip", "", answer, err)
	for _, name := range []string{"photo.jpg", "Anna's garden (1).jpg", "page.pdf", "notes.txt", "archive.zip", "sample.py"} {
		data, _ := os.ReadFile(filepath.Join(folder, name))
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, _ := form.CreateFormFile("file", name)
		part.Write(data)
		form.WriteField("title", "it's mine; \"really\"")
		form.Close()
		answer, err = http.Post(echo, form.FormDataContentType(), &body)
		show("upload "+name, name, answer, err)
		request, _ = http.NewRequest("PUT", base+"/files/"+url.PathEscape(name), bytes.NewReader(data))
		answer, err = http.DefaultClient.Do(request)
		show("PUT "+name, name, answer, err)
	}
}
