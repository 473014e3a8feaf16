// Command outside verifies pubflow's proofs with Go's own transparency log packages and nothing of ours.
//
//	outside proof KEYFILE PROOFFILE                      a proof written by `pubflow audit prove`
//	outside consistent KEYFILE OLDNOTE NEWNOTE HASH...   the newer history begins with the older one
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proofFile struct {
	Checkpoint string
	Events     []struct {
		Seq   int64
		Body  string
		Proof tlog.RecordProof
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	verifier, err := note.NewVerifier(strings.TrimSpace(read(args[1])))
	if err != nil {
		return err
	}
	if args[0] == "proof" {
		return proof(verifier, args[2])
	}
	return consistent(verifier, read(args[2]), read(args[3]), args[4:])
}

func proof(verifier note.Verifier, file string) error {
	var given proofFile
	if err := json.Unmarshal([]byte(read(file)), &given); err != nil {
		return err
	}
	tree, err := open(verifier, given.Checkpoint)
	if err != nil {
		return err
	}
	for _, event := range given.Events {
		leaf := tlog.RecordHash([]byte(event.Body))
		if err := tlog.CheckRecord(event.Proof, tree.N, tree.Hash, event.Seq-1, leaf); err != nil {
			return err
		}
	}
	fmt.Printf("%d of %d\n", len(given.Events), tree.N)
	return nil
}

func consistent(verifier note.Verifier, older, newer string, hashes []string) error {
	before, err := open(verifier, older)
	if err != nil {
		return err
	}
	after, err := open(verifier, newer)
	if err != nil {
		return err
	}
	path := tlog.TreeProof{}
	for _, text := range hashes {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return err
		}
		path = append(path, hash)
	}
	if err := tlog.CheckTree(path, after.N, after.Hash, before.N, before.Hash); err != nil {
		return err
	}
	fmt.Printf("%d begins with %d\n", after.N, before.N)
	return nil
}

// open believes the signature, then reads size and root: the lines after the origin.
func open(verifier note.Verifier, signed string) (tree tlog.Tree, err error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		return tree, fmt.Errorf("the checkpoint is of %s", lines[0])
	}
	if _, err = fmt.Sscan(lines[1], &tree.N); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func read(file string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return string(content)
}
