using InstaGrpc.Mesh;
using Shop.Orders;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddInstaMesh(builder.Configuration).AddService<OrdersGrpcService>();
var app = builder.Build();
app.MapInstaMesh();
app.Run();
