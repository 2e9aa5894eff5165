using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;

namespace RkLlama.Server.Api.Common;

/// <summary>The converters of messages, for the <see cref="BodyReader"/> of each API.</summary>
internal static class MessageConverters
{
    internal static JsonConverter[] All { get; } = [new ObjectItemsConverter<MessageBody>(), new ObjectConverter<FunctionCallBody>()];
}
