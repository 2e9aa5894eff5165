using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;

namespace RkLlama.Server.Api.Common.Messages;

/// <summary>Converters for messages and their parts. Each API passes them to its <see cref="BodyReader"/>.</summary>
internal static class MessageConverters
{
    internal static JsonConverter[] All { get; } = [new ObjectItemsConverter<MessageBody>(), new ObjectConverter<FunctionCallBody>(), new ObjectConverter<CustomCallBody>()];
}
