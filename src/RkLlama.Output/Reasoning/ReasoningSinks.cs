using RkLlama.Output.Text;

namespace RkLlama.Output.Reasoning;

/// <summary>The receivers of the text that <see cref="ReasoningSplitter"/> separates.</summary>
/// <param name="OnDelimiter">Receives the characters of the tags, and the white space directly before and after each tag.</param>
/// <param name="OnRecipient">Receives the text before the name of a tool in the header of a message. The rest of the message is content.</param>
/// <param name="OnBlockEnd">Called at the closing tag of a block, before its characters.</param>
/// <param name="OnPartEnd">Called at the end of a part of the content that is a message of its own.</param>
/// <param name="OnUnopenedEnd">Called at a closing tag without an opening tag: all content so far was reasoning.</param>
internal readonly record struct ReasoningSinks(
    Action<OutputChar> OnContent, Action<OutputChar> OnReasoning, Action<OutputChar> OnDelimiter, Action<OutputChar[]> OnRecipient, Action OnBlockEnd, Action OnPartEnd, Action OnUnopenedEnd);
