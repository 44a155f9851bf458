from whatsapp_hub.main.commands.entry import main

main()
