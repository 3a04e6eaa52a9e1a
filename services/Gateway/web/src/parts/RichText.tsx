/** Text of a user's: @names lead to people, #words to a search. Never markup. */
export function RichText({ text }: { text: string }) {
  return (
    <>
      {text.split(/((?<![\w@#])[@#][\p{L}\p{N}._]{1,30})/u).map((part, index) => {
        if (index % 2 === 0) return part;
        // A dot at the end belongs to the sentence.
        const word = part.replace(/\.+$/, "");
        const to = word[0] === "@" ? `/u/${encodeURIComponent(word.slice(1).toLowerCase())}` : `/search?q=${encodeURIComponent(word.slice(1))}`;
        return word.length === 1 ? part : <><a href={to}>{word}</a>{part.slice(word.length)}</>;
      })}
    </>
  );
}
